// One trace as a waterfall: a bar for each span, below the span that it belongs to.
import { h, place } from "../core/dom.js";
import { load } from "../core/load.js";
import { number, t } from "../core/text.js";
import { ask } from "./desk.js";
import { clock, lasted, millis } from "./time.js";

export const view = ({ signal, params: [id] }) => [
  h("h1", null, t("nav.operator.trace")),
  h("p.row", null, h("a", { href: "#/operator/traces" }, t("trace.back")), h("a", { href: `#/operator/logs?q=${id}` }, t("trace.logs"))),
  load(signal, () => ask(`/traces/${id}`, signal), (spans) => waterfall(spans)),
];

function waterfall(all) {
  const spans = all.map((span) => ({ ...span, from: millis(span.start), to: millis(span.end) }));
  const begun = Math.min(...spans.map((span) => span.from));
  const whole = Math.max(.001, Math.max(...spans.map((span) => span.to)) - begun);
  const services = [...new Set(spans.map((span) => span.service))];
  const rows = ordered(spans);
  return [
    h("dl.figures", null, [
      ["trace.begun", clock(spans[0].start)], ["trace.took", lasted(whole)], ["trace.spans", number(spans.length)],
      ["trace.services", number(services.length)],
    ].map(([name, value]) => h("div", null, h("dt", null, t(name)), h("dd", null, value)))),
    h("div.waterfall", null,
      h("div.scale", { "aria-hidden": "true" }, [0, .25, .5, .75, 1].map((part) => h("span", null, lasted(whole * part)))),
      h("ol", null, rows.map((row) => bar(row, begun, whole, services)))),
  ];
}

// ordered puts each span below its parent, with how deep it is.
function ordered(spans) {
  const ids = new Set(spans.map(({ id }) => id)), below = Map.groupBy(spans, ({ parent }) => (ids.has(parent) ? parent : ""));
  const rows = [], seen = new Set();
  const add = (span, depth) => {
    if (seen.has(span.id)) return;
    seen.add(span.id);
    rows.push({ span, depth });
    for (const child of below.get(span.id) ?? []) add(child, depth + 1);
  };
  for (const span of below.get("") ?? []) add(span, 0);
  return rows;
}

function bar({ span, depth }, begun, whole, services) {
  const facts = [["trace.service", span.service], ["trace.span", span.id], ["trace.start", `+${lasted(span.from - begun)}`]];
  const drawn = place(h("i", { "data-hue": String(services.indexOf(span.service) % 6) }),
    100 * Math.min(.995, (span.from - begun) / whole), 100 * (span.to - span.from) / whole);
  const name = h("span.name", null, h("span.small.muted", null, span.service), h("span", null, span.name));
  name.style.setProperty("--depth", Math.min(depth, 8));
  return h("li", { "data-failed": String(Boolean(span.failed && span.own)) }, h("details", null,
    h("summary", null, name, h("span.track", { "aria-hidden": "true" }, drawn), h("span.end", null, lasted(span.to - span.from))),
    h("dl.pairs", null, facts.map(([key, value]) => fact(t(key), value)), (span.attributes ?? []).map(({ name: key, value }) => fact(key, value)),
      (span.links ?? []).map((id) => fact(t("trace.link"), h("a", { href: `#/operator/traces/${id}` }, h("code", null, id)))))));
}

const fact = (key, value) => h("div", null, h("dt", null, key), h("dd", null, typeof value === "string" ? h("code", null, value) : value));
