// What the functions have used, in all and since a moment, and what of that falls to a scan.
import { h } from "../core/dom.js";
import { number, t } from "../core/text.js";
import { ask, every } from "./desk.js";

const rows = [
  ["cpu", (c) => c.cpuSeconds, 2], ["reads", (c) => c.reads, 0], ["writes", (c) => c.firestore.Writes, 0], ["deletes", (c) => c.firestore.Deletes, 0],
  ["rpcs", (c) => c.firestore.RPCs, 0], ["transactions", (c) => c.firestore.Transactions, 0], ["retries", (c) => c.firestore.Attempts - c.firestore.Transactions, 0],
  ["moves", (c) => c.moves, 0],
];
const scans = (c) => Object.values(c.scans ?? {}).reduce((sum, n) => sum + n, 0);
let mark = null; // as long as the page is open, also when another view is shown

export const view = ({ signal }) => {
  const box = h("div.stack.wide", { id: "counts", "aria-busy": "true" });
  let now = null;
  const trouble = every(2000, signal, async () => {
    now = await ask("/operator/counts", signal);
    mark ??= now;
    if (now.cpuSeconds < mark.cpuSeconds) mark = now; // another process
    box.replaceChildren(...table(now, mark));
    box.removeAttribute("aria-busy");
  });
  return [
    h("h1", null, t("nav.operator.counts")),
    h("p.lead", null, t("operator.counts.text")),
    h("div.row", null, h("button", { type: "button", id: "mark", onclick: () => { mark = now; if (now) box.replaceChildren(...table(now, mark)); } }, t("counts.mark"))),
    trouble, box,
  ];
};

function table(now, since) {
  const ended = scans(now) - scans(since);
  return [
    h("dl.figures", null, [
      ["counts.scans", number(scans(now))], ["counts.ended", number(ended)], ["counts.memory", `${number(now.memoryMiB)} MiB`], ["counts.processes", number(now.processes)],
    ].map(([name, value]) => h("div", null, h("dt", null, t(name)), h("dd", null, value)))),
    h("div.scroll", { tabindex: "0", role: "region", "aria-label": t("nav.operator.counts") }, h("table.counts", null,
      h("thead", null, h("tr", null, ["what", "all", "since", "each"].map((name) => h("th", { scope: "col" }, t(`counts.${name}`))))),
      h("tbody", null, rows.map(([name, of, digits]) => h("tr", null, h("th", { scope: "row" }, t(`counts.${name}`)),
        h("td", null, number(of(now), digits)), h("td", null, number(of(now) - of(since), digits)),
        h("td", null, ended > 0 ? number((of(now) - of(since)) / ended, 1) : "–")))))),
    h("p.small.muted", null, t("counts.note")),
  ];
}
