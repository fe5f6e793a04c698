// The score on a scale. It never stands without its interval.
import { h, place, s } from "../core/dom.js";
import { number, t } from "../core/text.js";

/** inWords says the score with its interval. */
export const inWords = ({ value, lo, hi }) => t("score.words", { value: number(value), lo: number(lo), hi: number(hi) });

/** band returns the interval on a line from 0 to 100, for lists. */
export const band = (score) => h("span.band", { role: "img", "aria-label": inWords(score) },
  place(h("i.span"), score.lo, score.hi - score.lo), place(h("i.at"), score.value));

// deviate returns where in a normal distribution so many percent lie below (Acklam's approximation,
// whose error is below 1e-8 there; a picture needs 1e-2).
function deviate(percent) {
  const p = Math.min(.9985, Math.max(.0015, percent / 100));
  const tail = Math.min(p, 1 - p);
  const u = Math.sqrt(-2 * Math.log(tail));
  const z = u - (2.515517 + .802853 * u + .010328 * u * u) / (1 + 1.432788 * u + .189269 * u * u + .001308 * u * u * u);
  return p < .5 ? -z : z;
}

// A narrow screen has a narrow picture, so that its letters stay as large.
const wide = innerWidth < 860 ? 380 : 640;
const high = 210, ground = 168, most = 3;
const x = (z) => wide / 2 + (z / most) * (wide / 2 - 12);
const y = (z) => ground - 140 * Math.exp(-z * z / 2);

function hill(from, to) {
  const steps = 60;
  const points = Array.from({ length: steps + 1 }, (_, i) => from + (to - from) * i / steps).map((z) => `${x(z).toFixed(1)},${y(z).toFixed(1)}`);
  return `M${x(from).toFixed(1)},${ground}L${points.join("L")}L${x(to).toFixed(1)},${ground}Z`;
}

/** curve returns the reference portraits as a hill, with the interval of the score and the score. */
export function curve(score) {
  const [lo, at, hi] = [score.lo, score.value, score.hi].map(deviate);
  const tick = (percent) => s("g", null, s("line.tick", { x1: x(deviate(percent)), x2: x(deviate(percent)), y1: ground, y2: ground + 6 }),
    s("text.label", { x: x(deviate(percent)), y: ground + 26, "text-anchor": "middle" }, number(percent)));
  return h("figure.curve", null,
    s("svg", { viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": inWords(score) },
      s("path.hill", { d: hill(-most, most) }), s("path.likely", { d: hill(lo, hi) }),
      s("line.ground", { x1: 0, x2: wide, y1: ground, y2: ground }), [2, 16, 50, 84, 98].map(tick),
      s("line.interval", { x1: x(lo), x2: x(hi), y1: ground, y2: ground }),
      s("line.value", { x1: x(at), x2: x(at), y1: y(at) - 8, y2: ground }),
      s("circle.value", { cx: x(at), cy: y(at) - 8, r: 6 })),
    h("figcaption", null, h("p.reading", null, h("strong", null, number(score.value)),
      h("span", null, t("score.between", { lo: number(score.lo), hi: number(score.hi) }))),
    h("p.muted", null, t("score.meaning", { value: number(score.value) })),
    h("p.muted.small", null, t("score.axis"))));
}

/** range draws an interval about a zero, or about its own middle: most is half of the axis. */
export function range({ value, lo, hi }, { zero, most: half, noise }) {
  const middle = zero ? 0 : value;
  const percent = (v) => Math.min(100, Math.max(0, 50 + 50 * (v - middle) / half));
  const strip = (name, from, to) => place(h(name), percent(from), percent(to) - percent(from));
  return h("span.range", { "aria-hidden": "true" }, zero && place(h("i.zero"), 50),
    noise && strip("i.noise", value - noise, value + noise), strip("i.span", lo, hi), place(h("i.at"), percent(value)));
}
