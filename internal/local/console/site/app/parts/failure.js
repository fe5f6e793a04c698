// Why a photo could not be measured, and what to do for the next.
import { h } from "../core/dom.js";
import { has, t } from "../core/text.js";

/** failure shows that of a scan, in the API's own sentences. */
export const failure = ({ code, detail, fixes }) => h("div.notice", { "data-code": code },
  h("h2", null, has(`failed.${code}`) ? t(`failed.${code}`) : t("failed.other")), h("p", null, detail),
  others(detail, fixes).length > 0 && h("ol.numbered", null, others(detail, fixes).map((fix) => h("li", null, fix.detail))));

// others are the fixes that the sentence does not have already.
const others = (detail, fixes) => fixes.filter((fix) => !detail.includes(fix.detail));
