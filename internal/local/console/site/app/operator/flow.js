// The live picture of the system: its parts as text that everybody can read and focus, and before
// them the lines between them, on which each request and event runs as a dot.
import { h, s } from "../core/dom.js";
import { number, t } from "../core/text.js";

const lanes = [["end", ["end", "bucket"]], ["function", ["function"]], ["topic", ["topic"]], ["consumer", ["consumer"]]];
const leg = 750; // milliseconds of a dot for a line
const stagger = 90; // milliseconds between the dots of one answer
const most = 60; // dots at a time

const still = matchMedia("(prefers-reduced-motion: reduce)");

/** flow draws the picture. run has moves run through it, and label names a part. */
export function flow({ nodes, links }, signal) {
  const parts = new Map(nodes.map((node) => [node.id, part(node)]));
  const lines = s("svg.lines", { "aria-hidden": "true" });
  const dots = s("svg.dots", { "aria-hidden": "true" });
  const board = h("div.flow", { role: "group", "aria-label": t("flow.label") }, lines,
    lanes.map(([name, kinds]) => h(`section.lane.of-${name}`, null, h("h2", null, t(`flow.${name}`)),
      h("ul", null, kinds.flatMap((kind) => nodes.filter((node) => node.kind === kind)).map(({ id }) => parts.get(id).element)))), dots);

  const drawn = new Map(links.map(([from, to]) => [`${from} ${to}`, lines.appendChild(s("path", { "data-from": from, "data-to": to }))]));
  const draw = () => {
    const frame = board.getBoundingClientRect();
    for (const [key, path] of drawn) {
      const [from, to] = key.split(" ").map((id) => parts.get(id).place(frame));
      path.setAttribute("d", curve(from, to));
    }
  };
  const seen = new ResizeObserver(draw);
  seen.observe(board);
  signal.addEventListener("abort", () => seen.disconnect(), { once: true });

  // What a part is connected to is shown when it is looked at.
  const mark = (id) => {
    board.classList.toggle("marked", Boolean(id));
    for (const other of parts.values()) other.element.classList.toggle("near", false);
    for (const path of drawn.values()) {
      const near = id && (path.dataset.from === id || path.dataset.to === id);
      path.classList.toggle("near", Boolean(near));
      if (near) for (const end of [path.dataset.from, path.dataset.to]) parts.get(end).element.classList.add("near");
    }
  };
  const told = h("p.purpose.small.muted", null, t("flow.hint"));
  const look = (event) => {
    const id = event.target.closest("[data-node]")?.dataset.node;
    mark(id);
    if (id) told.textContent = parts.get(id).about(links);
  };
  for (const kind of ["pointerover", "focusin"]) board.addEventListener(kind, look);
  for (const kind of ["pointerleave", "focusout"]) board.addEventListener(kind, () => mark(null));

  const run = (moves) => moves.slice(-most).forEach((move, i) => {
    const path = move.path?.filter((id) => parts.has(id)) ?? [];
    for (const id of path) parts.get(id).count();
    const failed = move.status === 0 || move.status >= 500;
    if (still.matches || document.hidden) path.forEach((id) => parts.get(id).flash(failed));
    else travel({ path, failed, wait: i * stagger, parts, dots, drawn, board });
  });
  return { element: h("div.stack", null, h("div.flow-frame", null, board), told), run, label: (id) => parts.get(id)?.label ?? id };
}

const own = ["end", "bucket"];

function part({ id, kind, name, purpose }) {
  const label = own.includes(kind) ? t(`flow.${kind}.${name}`) : name;
  const counted = h("span.n", { "aria-hidden": "true" });
  const element = h("li", null, h("button.node", { type: "button", "data-node": id, "data-kind": kind }, h("span", null, label), counted));
  let n = 0, timer;
  return {
    label, element,
    place(frame) {
      const box = element.firstChild.getBoundingClientRect();
      return { left: box.left - frame.left, right: box.right - frame.left, x: box.left - frame.left + box.width / 2, y: box.top - frame.top + box.height / 2 };
    },
    count() {
      n++;
      counted.textContent = number(n);
    },
    flash(failed) {
      element.classList.add(failed ? "failed" : "lit");
      clearTimeout(timer);
      timer = setTimeout(() => element.classList.remove("lit", "failed"), 900);
    },
    about(links) {
      const names = (ids) => ids.map((one) => one.slice(one.indexOf(":") + 1)).join(", ");
      const from = links.filter(([, to]) => to === id).map(([one]) => one);
      const to = links.filter(([one]) => one === id).map(([, one]) => one);
      return [`${label}:`, purpose ? `${purpose}.` : "", from.length ? t("flow.from", { names: names(from) }) : "",
        to.length ? t("flow.to", { names: names(to) }) : ""].filter(Boolean).join(" ");
    },
  };
}

// curve is a line from the side of one part to that of another that faces it.
function curve(from, to) {
  const right = to.x > from.x + 8, left = to.x < from.x - 8;
  const [x1, x2] = right ? [from.right, to.left] : left ? [from.left, to.right] : [from.right, to.right];
  const bend = right || left ? (x2 - x1) / 2 : 24;
  return `M${x1} ${from.y}C${x1 + bend} ${from.y} ${x2 - (right || left ? bend : -bend)} ${to.y} ${x2} ${to.y}`;
}

// travel has a dot run along the parts of the path, and each part light up when it is there.
async function travel({ path, failed, wait, parts, dots, drawn, board }) {
  const frame = board.getBoundingClientRect();
  const dot = s(failed ? "circle.dot.failed" : "circle.dot", { r: 5 });
  await new Promise((done) => setTimeout(done, wait));
  if (!board.isConnected) return;
  parts.get(path[0])?.flash(false);
  dots.append(dot);
  for (let i = 1; i < path.length; i++) {
    const line = drawn.get(`${path[i - 1]} ${path[i]}`) ?? s("path", { d: curve(parts.get(path[i - 1]).place(frame), parts.get(path[i]).place(frame)) });
    await slide(dot, line);
    parts.get(path[i]).flash(failed && i === path.length - 1);
  }
  dot.remove();
}

const slide = (dot, line) => new Promise((done) => {
  const length = line.getTotalLength(), began = performance.now();
  const step = (now) => {
    const part = Math.min(1, Math.max(0, (now - began) / leg));
    const { x, y } = line.getPointAtLength(length * (part < .5 ? 2 * part * part : 1 - (2 - 2 * part) ** 2 / 2));
    dot.setAttribute("cx", x);
    dot.setAttribute("cy", y);
    if (part < 1 && dot.isConnected) requestAnimationFrame(step);
    else done();
  };
  requestAnimationFrame(step);
});
