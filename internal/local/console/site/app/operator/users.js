// The users, to choose whose documents to see.
import { h } from "../core/dom.js";
import { load } from "../core/load.js";
import { t } from "../core/text.js";
import { ask } from "./desk.js";

export const view = ({ signal }) => [
  h("h1", null, t("nav.operator.users")),
  h("p.lead", null, t("operator.users.text")),
  load(signal, () => ask("/operator/users", signal), ({ users }) => (users.length ? h("ul.rows", { id: "users" }, users.map((user) =>
    h("li", null, h("a.rowlink", { href: `#/operator/users/${user.uid}` }, h("bdi", null, user.username || t("users.unnamed")),
      h("span.muted", null, user.email ?? ""), h("span.tag", null, user.state))))) : h("p.muted", null, t("users.none")))),
];
