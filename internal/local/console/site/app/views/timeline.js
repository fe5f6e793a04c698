// All results: the chart of those that compare, and the list of every scan.
import { get } from "../core/api.js";
import { h } from "../core/dom.js";
import { action, load } from "../core/load.js";
import { has, moment, number, t } from "../core/text.js";
import { chart, link } from "../parts/chart.js";
import { band, inWords } from "../parts/scale.js";

export const view = ({ signal }) => [
  h("h1", null, t("nav.timeline")),
  h("p.lead", null, t("timeline.lead")),
  load(signal, () => get("/v1/timeline?limit=20", { signal }), ({ items }) => (items.length ? [chart(items), table(items)] : empty())),
  h("h2", null, t("scans.title")),
  load(signal, () => get("/v1/scans?limit=20", { signal }), (page) => scans(page, signal)),
];

const empty = () => h("div.card.stack", null, h("p", null, t("timeline.empty")), h("p", null, h("a.button.primary", { href: "#/photo" }, t("way.#/photo"))));

const table = (points) => h("div.scroll", { tabindex: "0", role: "region", "aria-label": t("timeline.table") }, h("table", null,
  h("thead", null, h("tr", null, ["when", "score", "change"].map((name) => h("th", { scope: "col" }, t(`timeline.${name}`))))),
  h("tbody", null, points.toReversed().map((point) => h("tr", null,
    h("td", null, h("a", { href: link(point) }, moment(point.finishedAt)), point.kind === "series" && h("span.tag", null, t("timeline.series", { n: point.photos }))),
    h("td", null, band(point.score), h("span.small.muted", { "aria-hidden": "true" }, t("score.interval", {
      value: number(point.score.value), lo: number(point.score.lo), hi: number(point.score.hi) }))),
    h("td", null, change(point)))))));

function change({ change: changed, notComparedBecause: why }) {
  if (why.length) return t("timeline.because", { why: why.map((one) => (has(`compared.${one}`) ? t(`compared.${one}`) : one)).join(", ") });
  if (!changed) return t("timeline.first");
  const { difference, verdict } = changed.score;
  return t(`timeline.${verdict}.by`, { by: `${difference > 0 ? "+" : ""}${number(difference, 1)}` });
}

function scans({ items, nextCursor }, signal) {
  const list = h("ul.rows", null, items.map(row));
  if (!items.length) return h("p.muted", null, t("scans.none"));
  let cursor = nextCursor;
  const more = h("div", null, action("button", t("more"), async () => {
    const page = await get(`/v1/scans?limit=20&cursor=${encodeURIComponent(cursor)}`, { signal });
    list.append(...page.items.map(row));
    cursor = page.nextCursor;
    if (!cursor) more.remove();
  }));
  return [list, cursor && more];
}

const row = (scan) => h("li", null, h("a.rowlink", { href: `#/scans/${scan.id}` }, h("span", null, moment(scan.createdAt)),
  scan.score ? h("span", null, band(scan.score), h("span.unseen", null, inWords(scan.score)))
    : h("span.muted", null, scan.failureCode ? t("scans.failed", { why: has(`failed.${scan.failureCode}`) ? t(`failed.${scan.failureCode}`) : scan.failureCode }) : t(`scan.${scan.state}`)),
  scan.state === "completed" && !scan.rankable ? h("span.tag", null, t("scans.unranked")) : h("span")));
