// The parts of a result, each with what it means.
import { h, place } from "../core/dom.js";
import { has, number, t } from "../core/text.js";
import { range } from "./scale.js";

const section = (title, text, ...content) => h("section.stack.part", null,
  h("div.head", null, h("h2", null, title), text && h("p.muted", null, text)), content);

/** standing says whether the scan counts on the board, and why not. */
export function standing({ result, duplicateOf }) {
  const { rankable, notRankableBecause, pace, guard } = result;
  const reasons = [...notRankableBecause.map((one) => one.detail), ...(guard ?? []).map((one) => one.detail),
    ...(pace ? [pace.detail, pace.help] : []), ...(duplicateOf ? [t("result.duplicate")] : [])];
  const counts = rankable && reasons.length === 0;
  return h("div.note", { "data-counts": String(counts) }, h("p", null, h("strong", null, t(counts ? "result.counts" : "result.countsNot"))),
    reasons.map((one) => h("p", null, one)));
}

/** fixes are what would make the next photo better. */
export const fixes = (all) => all.length > 0 && section(t("fixes.title"), t("fixes.text"),
  h("ol.numbered", null, all.map((fix) => h("li", null, fix.detail, fix.gain && h("span.tag", null, t(`fixes.${fix.gain}`))))));

/** contributions say where the points went. */
export function contributions({ value, lo, hi, contributions: parts }) {
  const most = Math.max(...parts.map((p) => -p.points), 1);
  return section(t("parts.title"), t("parts.text", { lost: number(100 - value), lo: number(100 - hi), hi: number(100 - lo) }),
    h("dl.bars", null, parts.map(({ part, points }) => h("div", { "data-part": part }, h("dt", null, t(`part.${part}`)),
      h("dd", null, place(h("i", { "aria-hidden": "true" }), 0, 100 * -points / most), h("span", null, number(points, 1)))))));
}

const signed = ["mouth_tilt", "canthal_tilt", "mouth_deviation", "nose_deviation"];
const named = (metric) => (has(`metric.${metric}`) ? t(`metric.${metric}`) : metric.replaceAll("_", " "));

/** metrics are the single measures with their intervals and definitions, and what is not measured. */
export function metrics({ metrics: all, notMeasured }) {
  return section(t("metrics.title"), t("metrics.text"),
    h("ul.metrics", null, all.map(measure)),
    h("details.card", { open: true }, h("summary", null, t("notMeasured.title")),
      h("dl.pairs", null, notMeasured.map((one) => h("div", null, h("dt", null, named(one.metric)), h("dd.muted", null, one.detail))))));
}

const digitsOf = (m) => (m.unit === "deg" ? 1 : 2);

/** inUnits says a measure with its interval. */
export const inUnits = (m) => t("metric.value", {
  value: number(m.value, digitsOf(m)), unit: t(`unit.${m.unit}`), lo: number(m.lo, digitsOf(m)), hi: number(m.hi, digitsOf(m)),
});

function measure(m) {
  const zero = signed.includes(m.metric);
  const spread = Math.max(m.hi - m.value, m.value - m.lo, m.reliability.sdc);
  const half = zero ? Math.max(Math.abs(m.lo), Math.abs(m.hi), Math.abs(m.value) + m.reliability.sdc) * 1.05 : spread * 1.3;
  return h("li", { "data-metric": m.metric },
    h("div", null, h("h3", null, named(m.metric)),
      h("p.small.muted", null, t(`metric.${m.metric}.text`))),
    h("div.measured", null, range(m, { zero, most: half, noise: m.reliability.sdc }),
      h("p", null, inUnits(m)),
      h("p.small.muted", null, t("metric.sdc", { sdc: number(m.reliability.sdc, digitsOf(m)), unit: t(`unit.${m.unit}`) }))));
}

/** checks are the looks at the photo's quality. */
export function checks({ checks: all, image }) {
  const warned = all.filter((c) => c.verdict === "warn");
  return section(t("checks.title"), t("checks.text", { n: all.length, warned: warned.length, width: image.width, height: image.height }),
    h("details", null, h("summary", null, t("checks.all")), h("ul.checks", null, all.map((c) => h("li", { "data-verdict": c.verdict },
      h("span", null, has(`check.${c.check}`) ? t(`check.${c.check}`) : c.check.replaceAll("_", " ")),
      h("span.muted", null, number(c.value, c.value < 10 ? 2 : 0)), h("span.tag", null, t(`verdict.${c.verdict}`)))))));
}
