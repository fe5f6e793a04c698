// The functions' logs, with a search. New lines come in at the top while nobody has stopped that.
import { h, say } from "../core/dom.js";
import { load } from "../core/load.js";
import { number, t } from "../core/text.js";
import { ask, every } from "./desk.js";
import { clock } from "./time.js";

const kinds = ["", "INFO", "WARNING", "ERROR"];

export const view = ({ signal, query }) => {
  const wanted = { q: query.get("q") ?? "", function: query.get("function") ?? "", severity: query.get("severity") ?? "" };
  const box = h("div.stack", { id: "lines" });
  const counted = h("p.small.muted");
  let last = -1, asked = "";
  const again = async (force) => {
    const address = `/operator/logs?${new URLSearchParams(wanted)}`;
    const told = await ask(address, signal);
    if (!force && told.last === last && asked === address) return;
    [last, asked] = [told.last, address];
    const open = new Set([...box.querySelectorAll("details[open]")].map((one) => one.dataset.number));
    box.replaceChildren(...lines(told.lines, open));
    counted.textContent = t("logs.matching", { n: number(told.matching), shown: number(told.lines.length) });
  };
  const live = h("input", { type: "checkbox", role: "switch", id: "live" });
  live.checked = true;
  const trouble = every(1500, signal, async () => { if (live.checked) await again(false); });
  let timer;
  const changed = (name) => (event) => {
    wanted[name] = event.target.value;
    clearTimeout(timer);
    timer = setTimeout(() => again(true).then(() => say(counted.textContent), () => {}), 250);
  };
  return [
    h("h1", null, t("nav.operator.logs")),
    h("p.lead", null, t("operator.logs.text")),
    load(signal, () => ask("/operator/picture", signal), ({ nodes }) => h("form.search", { role: "search", onsubmit: (event) => event.preventDefault() },
      labelled("q", t("logs.search"), h("input", { id: "q", type: "search", value: wanted.q, oninput: changed("q"), placeholder: t("logs.search.hint") })),
      labelled("function", t("logs.function"), h("select", { id: "function", onchange: changed("function") },
        h("option", { value: "" }, t("logs.all")), nodes.filter(({ kind }) => kind === "function" || kind === "consumer").map(({ name }) =>
          h("option", { value: name, selected: name === wanted.function }, name)))),
      labelled("severity", t("logs.severity"), h("select", { id: "severity", onchange: changed("severity") },
        kinds.map((kind) => h("option", { value: kind, selected: kind === wanted.severity }, kind ? t(`logs.${kind}`) : t("logs.all"))))),
      h("label.row", { for: "live" }, live, t("logs.live")))),
    trouble, counted, box,
  ];
};

const labelled = (id, text, control) => h("div.field", null, h("label", { for: id }, text), control);

function lines(all, open) {
  if (!all.length) return [h("p.muted", null, t("logs.none"))];
  return [h("ol.log", null, all.map((line) => h("li", { "data-severity": line.severity }, h("details", { "data-number": String(line.number), open: open.has(String(line.number)) },
    h("summary", null, h("span.muted", null, clock(line.time)), h("span.kind", null, line.severity === "DEFAULT" ? "" : line.severity),
      h("span.fn", null, line.function ?? ""), h("span.message", null, line.message, h("span.muted", null, ` ${brief(line.fields)}`))),
    h("div.stack", null, line.trace && h("p", null, h("a", { href: `#/operator/traces/${line.trace}` }, t("logs.trace"))),
      h("pre", { tabindex: "0" }, JSON.stringify(line.fields ?? line.message, null, 2)))))))];
}

const brief = (fields) => Object.entries(fields ?? {}).filter(([key, value]) => !key.includes("/") && typeof value !== "object")
  .map(([key, value]) => `${key}=${value}`).join(" ");
