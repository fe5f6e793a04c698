// The leaderboard: the top, the rows around the own one, and the own place, also a provisional one.
import { get } from "../core/api.js";
import { h } from "../core/dom.js";
import { action, load } from "../core/load.js";
import { go } from "../core/router.js";
import { change, me } from "../core/session.js";
import { moment, number, t } from "../core/text.js";
import { band } from "../parts/scale.js";

const main = "symmetry_overall_all_v2";

export const view = ({ signal, params: [board = main] }) => [
  h("h1", null, t("nav.board")),
  h("p.lead", null, t("board.lead")),
  load(signal, () => get("/v1/leaderboards", { signal }), ({ items }) => choose(items, board)),
  load(signal, () => get(`/v1/leaderboards/${board}/me`, { signal }), (standing, again) => own(standing, again)),
  h("div.pair", null,
    h("section.stack", null, h("h2", null, t("board.top")),
      load(signal, () => get(`/v1/leaderboards/${board}/top?limit=10`, { signal }), rows)),
    h("section.stack", null, h("h2", null, t("board.around")),
      load(signal, () => get(`/v1/leaderboards/${board}/around?limit=5`, { signal }), rows))),
];

const choose = (boards, board) => h("label.narrow", null, t("board.which"),
  h("select", { id: "board", onchange: (event) => go(`#/leaderboards/${event.target.value}`) },
    boards.map((b) => h("option", { value: b.id, selected: b.id === board },
      `${t(`division.${b.division}`)}, ${t(`span.${b.span}`)}${b.span === "all" ? "" : ` ${b.period}`}`))));

function own(standing, again) {
  const { state, entry, total } = standing;
  const rank = standing.provisional ?? (state === "ranked" ? standing : null);
  return h("section.card.stack.standing", { "data-state": state },
    h("h2", null, t(`standing.${state}`)),
    rank && h("p.reading", null, h("strong", null, number(rank.rank)), h("span", null, t("board.range", { lo: number(rank.rankLo), hi: number(rank.rankHi), total: number(Math.max(total, rank.rankHi)) }))),
    state === "provisional" && h("p", null, t("board.provisional")),
    entry && h("div", null, band(around(entry)), h("p.muted", null, t("board.rating", { rating: number(entry.rating, 1), error: number(1.96 * entry.standardError, 1), n: entry.scanCount }))),
    state === "not_rated" && h("p", null, t("board.notRated")),
    state === "opted_out" && h("p", null, t("board.optedOut")),
    state === "opted_out" && h("div", null, action("button.primary", t("board.join"), async () => {
      const profile = await me();
      if (!profile.username) return go("#/settings");
      await change({ leaderboard: { optIn: true } });
      return again();
    })),
    h("p.small.muted", null, t("board.counted", { at: moment(standing.countedAt), total: number(total) })));
}

const around = ({ rating, standardError }) => ({
  value: rating, lo: Math.max(0, rating - 1.96 * standardError), hi: Math.min(100, rating + 1.96 * standardError),
});

function rows({ items, reasonCode }) {
  if (!items.length) return h("p.muted", null, t(reasonCode ? `board.none.${reasonCode}` : "board.empty"));
  return h("table.ranks", null,
    h("thead", null, h("tr", null, h("th", { scope: "col" }, t("board.rank")), h("th", { scope: "col" }, t("board.name")),
      h("th.end", { scope: "col" }, t("board.score")), h("th.end", { scope: "col" }, t("board.scans")))),
    h("tbody", null, items.map((row) => h("tr", { "data-me": row.me ? "" : null }, h("td", null, number(row.rank)),
      h("td", null, h("bdi", null, row.username ?? t("board.nameless")), row.me && h("span.tag", null, t("board.me"))),
      h("td.end", null, number(row.rating, 1)), h("td.end", null, number(row.scanCount))))));
}
