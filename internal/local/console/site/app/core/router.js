// Shows the view of the address behind #, so that the back button, links and bookmarks work.
import { h, nodes } from "./dom.js";
import { notice } from "./problem.js";
import { ready, user } from "./session.js";
import { t } from "./text.js";

let leaving = new AbortController();
let table = [];
let first = true;

/** start shows the present address, and each that follows. Routes are {path, title, load, open}: path
 * is a regular expression, load imports the module with the view, open ones need no user. */
export function start(routes, shown) {
  table = routes;
  addEventListener("hashchange", () => show(shown));
  return show(shown);
}

/** go goes to an address; instead of the present one, if back is not to lead here. */
export function go(to, { instead = false } = {}) {
  if (location.hash === to) return dispatchEvent(new HashChangeEvent("hashchange"));
  return instead ? location.replace(to) : location.assign(to);
}

/** refresh shows the present address again. */
export const refresh = () => dispatchEvent(new HashChangeEvent("hashchange"));

export const address = () => location.hash.slice(1) || "/";

async function show(shown) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const main = document.getElementById("main");
  const [path, query] = address().split("?");
  const route = table.find((r) => r.path.test(path)) ?? table.at(-1);
  document.title = `${t(route.title)} · FaceScan`;
  shown(route);
  try {
    await ready;
    const needed = route.open || user() ? route : table[0];
    const { view } = await needed.load();
    if (signal.aborted) return;
    const params = path.match(needed.path)?.slice(1) ?? [];
    main.dataset.address = path; // of the view that is there from now on
    main.replaceChildren(...nodes(view({ signal, params, query: new URLSearchParams(query) })));
  } catch (fault) {
    if (signal.aborted) return;
    main.replaceChildren(h("h1", null, t("problem.other")), notice(fault, refresh));
  }
  scrollTo(0, 0);
  if (!first) focusOn(main);
  first = false;
}

// focusOn has a screen reader begin with the heading.
function focusOn(main) {
  const heading = main.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  (heading ?? main).focus({ preventScroll: true });
}
