import { h } from "../core/dom.js";
import { t } from "../core/text.js";

export const view = () => [
  h("h1", null, t("nav.missing")), h("p.lead", null, t("missing.text")),
  h("p", null, h("a.button", { href: "#/" }, t("way.#/"))),
];
