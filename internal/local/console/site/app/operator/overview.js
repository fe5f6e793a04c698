// Where an operator begins: the pages of the private port.
import { h } from "../core/dom.js";
import { t } from "../core/text.js";

const pages = [["mails", "/view/mails"], ["pushes", "/view/pushes"], ["traces", "/view/traces"]];

export const view = () => [
  h("h1", null, t("nav.operator")),
  h("p.lead", null, t("operator.lead")),
  h("ul.tiles", null, pages.map(([name, href]) => h("li", null, h("a.card.tile", { href },
    h("h2", null, t(`operator.${name}`)), h("p.muted", null, t(`operator.${name}.text`)))))),
];
