// The traces that are kept, and the search for those of a scan or a user.
import { h } from "../core/dom.js";
import { load } from "../core/load.js";
import { go } from "../core/router.js";
import { number, t } from "../core/text.js";
import { ask } from "./desk.js";
import { clock, lasted } from "./time.js";

const most = 100;

export const view = ({ signal, query }) => {
  const words = query.get("q") ?? "", sweeps = query.has("sweeps");
  const input = h("input", { id: "q", type: "search", value: words, placeholder: t("traces.search.hint") });
  const all = h("input", { id: "sweeps", type: "checkbox" });
  all.checked = sweeps;
  const submit = (event) => {
    event?.preventDefault();
    const wanted = new URLSearchParams(input.value.trim() && { q: input.value.trim() });
    if (all.checked) wanted.set("sweeps", "1");
    go(`#/operator/traces?${wanted}`);
  };
  all.addEventListener("change", () => submit());
  return [
    h("h1", null, t("nav.operator.traces")),
    h("p.lead", null, t("operator.traces.text")),
    h("form.search", { onsubmit: submit, role: "search" }, h("div.field", null, h("label", { for: "q" }, t("traces.search")), input),
      h("button", null, t("search")), h("label.row", { for: "sweeps" }, all, t("traces.sweeps"))),
    load(signal, () => ask(`/traces?q=${encodeURIComponent(words)}`, signal), (found) =>
      list(found.filter(({ services }) => sweeps || words || services.some((one) => one !== "sweep")))),
  ];
};

function list(found) {
  if (!found.length) return h("p.muted", null, t("traces.none"));
  return [
    h("ul.rows", { id: "traces" }, found.slice(0, most).map((one) => h("li", { "data-failed": String(one.failed) },
      h("a.trace-row", { href: `#/operator/traces/${one.trace}` }, h("span.muted", null, clock(one.start)), h("strong", null, one.name),
        h("span.services", null, one.services.map((name) => h("span.tag", null, name)), one.failed && h("span.tag.bad", null, t("traces.failed"))),
        h("span.end", null, lasted(one.tookNanoseconds / 1e6), h("span.small.muted", null, t("traces.spans", { n: number(one.spans) }))))))),
    found.length > most && h("p.muted", null, t("traces.more", { n: number(found.length - most) })),
  ];
}
