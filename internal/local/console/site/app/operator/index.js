// The operator's views, which only the local stack has. They may ask the private port, from which
// this page comes; a view of the user's way may not.
//
// A view is a module of this folder that exports view({signal, params, query}), which returns the
// elements of the page, its h1 first, without waiting for an answer (core/load.js shows that). Its
// row here is a route as in main.js: path begins with /operator/, open is true, as an operator needs
// no user, and link, where set, is its address in the navigation. Its title is a key of app/text.

// The style of these views is loaded with them: a user's way has no use for it.
const sheet = document.createElement("link");
sheet.rel = "stylesheet";
sheet.href = "style/operator.css";
document.head.append(sheet);

const route = (name, load) => ({ path: new RegExp(`^/operator/${name}$`), title: `nav.operator.${name}`, load, open: true, link: `#/operator/${name}` });

/** routes are the operator's views, in the order of the navigation. */
export const routes = [
  { path: /^\/operator$/, title: "nav.operator", load: () => import("./overview.js"), open: true, link: "#/operator" },
  route("traces", () => import("./traces.js")),
  { path: /^\/operator\/traces\/([0-9a-f]{32})$/, title: "nav.operator.traces", load: () => import("./trace.js"), open: true },
  route("logs", () => import("./logs.js")),
  route("sent", () => import("./sent.js")),
  route("faults", () => import("./faults.js")),
  route("stuck", () => import("./stuck.js")),
  route("users", () => import("./users.js")),
  { path: /^\/operator\/users\/([\w-]+)$/, title: "nav.operator.users", load: () => import("./user.js"), open: true },
  route("counts", () => import("./counts.js")),
];
