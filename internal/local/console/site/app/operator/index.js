// The operator's views, which only the local stack has. They may ask the private port, from which
// this page comes; a view of the user's way may not.
//
// A view is a module of this folder that exports view({signal, params, query}), which returns the
// elements of the page, its h1 first, without waiting for an answer (core/load.js shows that). Its
// row here is a route as in main.js: path begins with /operator/, open is true, as an operator needs
// no user, and link, where set, is its address in the navigation. Its title is a key of app/text.

/** routes are the operator's views, in the order of the navigation. */
export const routes = [
  { path: /^\/operator$/, title: "nav.operator", load: () => import("./overview.js"), open: true, link: "#/operator" },
];
