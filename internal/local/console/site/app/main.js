// The console: frame, addresses, views.
import * as operator from "./operator/index.js";
import { refresh, start, go, address } from "./core/router.js";
import { draw, current } from "./core/shell.js";
import { watch } from "./core/session.js";

const view = (name) => () => import(`./views/${name}.js`);

/** routes are the user's views. The first is where a person begins, the last what is not there. */
const routes = [
  { path: /^\/$/, title: "nav.home", load: view("home"), open: true },
  { path: /^\/consent$/, title: "nav.consent", load: view("consent") },
  { path: /^\/photo$/, title: "nav.photo", load: view("photo") },
  { path: /^\/way\/([\w-]+)$/, title: "nav.way", load: view("way") },
  { path: /^\/scans\/([a-z2-7]+)$/, title: "nav.result", load: view("scan") },
  { path: /^\/series\/([a-z2-7]+)$/, title: "nav.series", load: view("series") },
  { path: /^\/timeline$/, title: "nav.timeline", load: view("timeline") },
  { path: /^\/leaderboards(?:\/([\w-]+))?$/, title: "nav.board", load: view("board") },
  { path: /^\/inbox$/, title: "nav.inbox", load: view("inbox") },
  { path: /^\/settings$/, title: "nav.settings", load: view("settings") },
  { path: /^\/export$/, title: "nav.export", load: view("export") },
  { path: /^\/leave$/, title: "nav.leave", load: view("leave"), open: true },
  ...operator.routes,
  { path: /.*/, title: "nav.missing", load: view("missing"), open: true },
];

draw();
watch((uid) => {
  draw();
  if (uid === null && !/^\/leave/.test(address())) go("#/?signedout", { instead: true });
  else refresh();
});
await start(routes, (route) => current(route.title));
// The other views are fetched now, so that they are there when the network is not. The mark says when.
await Promise.allSettled(routes.map(({ load }) => load()));
document.documentElement.dataset.loaded = "";
