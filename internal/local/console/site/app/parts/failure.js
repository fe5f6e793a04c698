// Why a photo could not be measured, and what to do for the next.
import { h } from "../core/dom.js";
import { has, t } from "../core/text.js";

/** failure shows that of a scan, in the API's own sentences. */
export const failure = ({ code, detail, fixes }) => h("div.notice", { "data-code": code },
  h("h2", null, has(`failed.${code}`) ? t(`failed.${code}`) : t("failed.other")), h("p", null, detail),
  fixes.length > 1 && h("ol.numbered", null, fixes.map((fix) => h("li", null, fix.detail))));
