// What fails on purpose: a switch for each kind of fault, for all seams or one, and its text.
import { h, say } from "../core/dom.js";
import { doing, load } from "../core/load.js";
import { has, number, t } from "../core/text.js";
import { ask, order } from "./desk.js";

const kinds = ["dup", "drop", "5xx", "reorder", "crash", "slow", "away"];
const values = {
  dup: [".05", ".2", ".5"], drop: [".05", ".2", ".5"], "5xx": [".05", ".2", ".5", "1"], reorder: [".2", ".5"], crash: [".01", ".05", ".2"],
  slow: ["200ms", "1s", "5s"], away: ["30s", "1m0s", "10m0s"],
};
const ready = {
  rough: "dup=.2,drop=.05,reorder=.3,slow=200ms", database: "firestore.5xx=.1,firestore.slow=200ms", away: "pubsub.away=30s", post: "mail.5xx=.5,fcm.5xx=.5",
};

export const view = ({ signal }) => [
  h("h1", null, t("nav.operator.faults")),
  h("p.lead", null, t("operator.faults.text")),
  load(signal, () => ask("/operator/faults", signal), (told, again) => board(told, again, signal)),
];

// parse reads a specification as the stack writes it.
const parse = (spec) => new Map(spec.split(",").filter(Boolean).map((field) => field.split("=")));
const plain = (value) => (/^[\d.]+$/.test(value) ? String(Number(value)) : value);

function board(told, again, signal) {
  const now = parse(told.spec);
  const box = h("div", { role: "alert" });
  const send = async (spec) => {
    await order("/operator/faults", { spec }, signal);
    say(spec ? t("faults.set", { spec }) : t("faults.ended"));
    again();
  };
  const button = (label, spec, kind = "button") => {
    const one = h(kind, { type: "button", onclick: () => doing(one, box, () => send(spec)) }, label);
    return one;
  };
  const change = (name) => (event) => {
    const next = new Map(now);
    if (event.target.value) next.set(name, event.target.value);
    else next.delete(name);
    doing(event.target, box, () => send([...next].map((field) => field.join("=")).join(",")));
  };
  const input = h("input", { id: "spec", value: told.spec, spellcheck: "false", autocomplete: "off" });
  const set = h("button", null, t("faults.do"));
  return [
    h("div.card.stack", { "data-on": String(Boolean(told.spec)) }, h("p", { id: "in-force" }, told.spec ? t("faults.now", { spec: told.spec }) : t("faults.none")),
      h("div.row", null, told.spec && button(t("faults.end"), "", "button.primary"), Object.entries(ready).map(([name, spec]) => button(t(`faults.ready.${name}`), spec))), box),
    h("div.scroll", { tabindex: "0", role: "region", "aria-label": t("faults.table") }, h("table.faults", null,
      h("thead", null, h("tr", null, h("th", { scope: "col" }, t("faults.seam")), kinds.map((kind) => h("th", { scope: "col" }, t(`faults.${kind}`))), h("th", { scope: "col" }, t("faults.counted")))),
      h("tbody", null, told.seams.map((seam) => h("tr", null, h("th", { scope: "row" }, t(`faults.seam.${seam.name}`)),
        kinds.map((kind) => h("td", null, seam.kinds.includes(kind) && pick(seam.name, kind, now, change))),
        h("td.small", null, Object.entries(told.counts[seam.name] ?? {}).map(([kind, n]) => `${kind} ${number(n)}`).join(", ") || "–")))))),
    h("form.search", { onsubmit: (event) => { event.preventDefault(); doing(set, box, () => send(input.value)); } },
      h("div.field", null, h("label", { for: "spec" }, t("faults.spec")), input), set),
    h("dl.pairs", null, kinds.map((kind) => h("div", null, h("dt", null, t(`faults.${kind}`)), h("dd.muted", null, t(`faults.${kind}.text`))))),
  ];
}

function pick(seam, kind, now, change) {
  const name = `${seam}.${kind}`, general = now.get(kind), value = now.get(name) ?? general ?? "";
  const offered = values[kind].some((one) => plain(one) === plain(value)) || !value ? values[kind] : [value, ...values[kind]];
  return h("select", { "aria-label": t("faults.pick", { kind: t(`faults.${kind}`), seam: t(`faults.seam.${seam}`) }), "data-fault": name, onchange: change(name), "data-on": String(Boolean(value)) },
    h("option", { value: general ? "0" : "" }, "–"), offered.map((one) => h("option", { value: one, selected: plain(one) === plain(value) }, shown(one))));
}

const shown = (value) => (/^[\d.]+$/.test(value) ? `${number(100 * Number(value))} %` : has(`faults.for.${value}`) ? t(`faults.for.${value}`) : value);
