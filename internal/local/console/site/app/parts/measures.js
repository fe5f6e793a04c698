// The measures, drawn on the face: each says what it is when it is pointed at or has the focus.
//
// The API tells measures and not where the points lie. The crop has the pupils level, in a fixed row
// and at a fixed distance (internal/face/internal/draw, cropPupils), so that the measures place the
// mouth and the tip of the nose. Of the eyes' corners only the distance of the inner ones and the tilt
// are known: they are drawn level with the pupils, and the lips centred on the mouth.
import { h, s } from "../core/dom.js";
import { t } from "../core/text.js";
import { inUnits } from "./result.js";

const width = 600, height = 750, unit = 200, middle = { x: 299.5, y: 300 };
const at = (x, y) => [middle.x + unit * x, middle.y + unit * y];
const line = (name, from, to) => s(`line.${name}`, { x1: from[0], y1: from[1], x2: to[0], y2: to[1] });
const dot = ([cx, cy]) => s("circle.dot", { cx, cy, r: 5 });
const turned = (degrees, length) => [length * Math.cos(degrees * Math.PI / 180), length * Math.sin(degrees * Math.PI / 180)];

/** places returns the strokes of each measure: lines between ends, with a dot at each end. */
function places(value) {
  const mouth = [value.mouth_deviation, Math.sqrt(value.eye_mouth_distance ** 2 - value.mouth_deviation ** 2)];
  const half = turned(value.mouth_tilt, value.mouth_width / 2);
  const corners = [at(mouth[0] - half[0], mouth[1] - half[1]), at(mouth[0] + half[0], mouth[1] + half[1])];
  const inner = value.inner_eye_distance / 2, out = turned(value.canthal_tilt, .38);
  const eyes = [at(-inner, 0), at(inner, 0)];
  return {
    eye_mouth_distance: [[at(0, 0), at(...mouth)]],
    eye_nose_distance: [[at(value.nose_deviation, 0), at(value.nose_deviation, value.eye_nose_distance)]],
    inner_eye_distance: [eyes],
    canthal_tilt: [[eyes[0], at(-inner - out[0], -out[1])], [eyes[1], at(inner + out[0], -out[1])]],
    nose_deviation: [[at(0, value.eye_nose_distance), at(value.nose_deviation, value.eye_nose_distance)]],
    mouth_width: [corners],
    mouth_tilt: [[corners[0], at(mouth[0] + value.mouth_width / 2, mouth[1] - half[1])], corners],
    lip_height: [[at(mouth[0], mouth[1] - value.lip_height * .45), at(mouth[0], mouth[1] + value.lip_height * .55)]],
    mouth_deviation: [[at(0, mouth[1]), at(...mouth)]],
  };
}

/** measures returns the crop with the marks, and the box that explains the one that is pointed at. */
export function measures(crop, metrics) {
  const told = h("div.told", { "aria-live": "polite" }, h("p.muted", null, t("measures.point")));
  const all = places(Object.fromEntries(metrics.map((m) => [m.metric, m.value])));
  const marks = metrics.filter((m) => all[m.metric]).map((m) => mark(m, all[m.metric], (on) => {
    for (const one of marks) one.classList.toggle("on", one === on);
    told.replaceChildren(h("p", null, h("strong", null, t(`metric.${m.metric}`))), h("p", null, inUnits(m)),
      h("p.small.muted", null, t(`metric.${m.metric}.text`)));
  }));
  return h("figure.measures", null, h("div.face", null, crop,
    s("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": t("measures.label") },
      line("axis", at(0, -1.1), at(0, 1.9)), line("axis", at(-.5, 0), at(.5, 0)), dot(at(-.5, 0)), dot(at(.5, 0)), marks)),
  h("figcaption", null, told, h("p.small.muted", null, t("measures.text"))));
}

function mark(metric, ends, tell) {
  const made = s("g.mark", {
    tabindex: "0", role: "button", "data-mark": metric.metric, "aria-label": `${t(`metric.${metric.metric}`)}: ${inUnits(metric)}`,
    onpointerenter: () => tell(made), onfocus: () => tell(made), onclick: () => tell(made),
  }, ends.map(([from, to]) => [line("reach", from, to), line("stroke", from, to), dot(from), dot(to)]));
  return made;
}
