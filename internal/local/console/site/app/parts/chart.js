// The scores over time, each with its interval. A change within the noise is drawn as such.
import { h, s } from "../core/dom.js";
import { date, number, t } from "../core/text.js";
import { inWords } from "./scale.js";

// A narrow screen has a narrow picture, so that its letters stay as large.
const wide = innerWidth < 860 ? 400 : 960, high = 320, left = 40, top = 16, bottom = 40;
const y = (value) => top + (high - top - bottom) * (1 - value / 100);

/** chart returns the picture of the points, oldest first. */
export function chart(points) {
  const step = (wide - left - 40) / Math.max(1, points.length - 1);
  const x = (i) => (points.length === 1 ? wide / 2 : left + 20 + i * step);
  const verdict = (point) => (point.change ? point.change.score.verdict : "first");
  const ribbon = points.map((p, i) => `${x(i)},${y(p.score.hi)}`).concat(points.map((p, i) => `${x(i)},${y(p.score.lo)}`).reverse());
  const mark = (point, i) => s("a", { href: link(point), "aria-label": `${date(point.finishedAt)}: ${inWords(point.score)}. ${t(`timeline.${verdict(point)}`)}` },
    s("rect.reach", { x: x(i) - 16, y: top, width: 32, height: high - top - bottom }),
    s("line.interval", { x1: x(i), x2: x(i), y1: y(point.score.lo), y2: y(point.score.hi) }),
    s("circle", { cx: x(i), cy: y(point.score.value), r: point.kind === "series" ? 9 : 6, class: verdict(point) }));
  return h("figure.chart", null, s("svg", { viewBox: `0 0 ${wide} ${high}`, role: "group", "aria-label": t("timeline.chart") },
    [0, 25, 50, 75, 100].map((v) => s("g", null, s("line.rule", { x1: left, x2: wide, y1: y(v), y2: y(v) }),
      s("text.label", { x: left - 10, y: y(v) + 5, "text-anchor": "end" }, number(v)))),
    points.length > 1 && s("polygon.ribbon", { points: ribbon.join(" ") }),
    points.length > 1 && s("polyline.line", { points: points.map((p, i) => `${x(i)},${y(p.score.value)}`).join(" ") }),
    points.map((p, i) => (p.newEngine && i > 0 ? s("line.break", { x1: x(i) - step / 2, x2: x(i) - step / 2, y1: top, y2: high - bottom }) : null)),
    points.map(mark), ends(points).map((i) => s("text.label", { x: x(i), y: high - 12, "text-anchor": i === 0 ? "start" : "end" }, date(points[i].finishedAt)))),
  h("figcaption.small.muted", null, t("timeline.legend")));
}

const ends = (points) => (points.length > 1 ? [0, points.length - 1] : []);

/** link leads to the result of the point. */
export const link = (point) => (point.kind === "series" ? `#/series/${point.seriesId}` : `#/scans/${point.scanId}`);
