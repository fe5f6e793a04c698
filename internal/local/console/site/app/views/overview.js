// What there is of the user: the last result, the place, and the next step.
import { get } from "../core/api.js";
import { h } from "../core/dom.js";
import { load } from "../core/load.js";
import { me } from "../core/session.js";
import { moment, number, t } from "../core/text.js";
import { curve } from "../parts/scale.js";

export const view = ({ signal }) => {
  const heading = h("h1", null, t("home.hello"));
  return [heading, load(signal, async () => [await me({ signal }), await get("/v1/me/summary", { signal })], ([profile, summary]) => {
    const name = profile.displayName ?? profile.username;
    if (name) heading.textContent = t("home.helloTo", { name });
    if (profile.consent.state !== "granted" || !profile.birthYear) return begin("#/consent", "home.consent");
    if (!summary.latest) return begin("#/photo", "home.first");
    return [h("div.hero.home", null, latest(summary.latest), h("div.stack", null, next(), place(summary.standing), notices(summary.unreadCount)))];
  })];
};

const begin = (to, text) => h("div.card.stack.narrow", null, h("p.lead", null, t(text)), h("p", null, h("a.button.primary.tall", { href: to }, t(`way.${to}`))));

const latest = (scan) => h("section.card.stack", null, h("h2", null, t("home.latest")), h("p.muted", null, moment(scan.createdAt)),
  scan.score ? curve(scan.score) : h("p", null, scan.failureCode ? t(`failed.${scan.failureCode}`) : t(`scan.${scan.state}`)),
  h("p", null, h("a.button", { href: `#/scans/${scan.id}` }, t("home.open"))));

const next = () => h("section.card.stack", null, h("h2", null, t("home.next")), h("p.muted", null, t("home.next.text")),
  h("p", null, h("a.button.primary", { href: "#/photo" }, t("way.#/photo"))));

function place(standing) {
  const rank = standing.provisional ?? (standing.state === "ranked" ? standing : null);
  return h("a.card.tile", { href: "#/leaderboards" }, h("h2", null, t("nav.board")), h("p.muted", null, t(`standing.${standing.state}`)),
    rank && h("p", null, t("home.rank", { rank: number(rank.rank), lo: number(rank.rankLo), hi: number(rank.rankHi) })));
}

const notices = (unread) => h("a.card.tile", { href: "#/inbox" }, h("h2", null, t("nav.inbox")), h("p.muted", null, unread ? t("home.unread", { n: unread }) : t("home.read")));
