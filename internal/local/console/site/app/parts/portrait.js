// A face of lines, nobody's, for the first page.
import { s } from "../core/dom.js";

const left = "M200 70c-62 0-112 42-116 122-3 62 18 118 52 156 20 22 42 34 64 34";
const points = [[150, 214], [250, 211], [128, 218], [172, 216], [228, 213], [272, 215], [118, 186], [170, 182], [230, 178], [284, 183],
  [182, 268], [220, 267], [164, 314], [238, 310], [200, 322]];
const strokes = ["M118 186q28-16 52-4", "M230 178q26-13 54 5", "M128 218q22-18 44-2-22 12-44 2", "M228 213q22-17 44 2-22 11-44-2",
  "M196 200q-4 40-14 68 18 14 38-1-8-24-10-62", "M164 314q36-14 74-4-34 30-74 4"];

/** portrait returns the drawing. */
export const portrait = () => s("svg.portrait", { viewBox: "40 40 320 370", "aria-hidden": "true" },
  s("path.skin", { d: `${left}c24 0 48-14 68-38 32-38 50-92 46-152-6-78-54-122-114-122Z` }),
  strokes.map((d) => s("path.stroke", { d })),
  s("line.middle", { x1: 199, y1: 52, x2: 202, y2: 398 }),
  points.map(([cx, cy]) => s("g", null, s("circle.ring", { cx, cy, r: 9 }), s("circle.point", { cx, cy, r: 2.6 }))));
