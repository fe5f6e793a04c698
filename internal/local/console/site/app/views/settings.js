// Profile, leaderboard, notices, devices, and the ends of sign-in and consent.
import { get, patch, post, put, remove } from "../core/api.js";
import { h } from "../core/dom.js";
import { action, load } from "../core/load.js";
import { change, forget, leave, me } from "../core/session.js";
import { moment, t } from "../core/text.js";
import { choice, field, toggle } from "../parts/form.js";

const section = (title, ...content) => h("section.stack.part", null, h("h2", null, title), content);

export const view = ({ signal }) => [
  h("h1", null, t("nav.settings")),
  load(signal, () => me({ fresh: true, signal }), profile),
  load(signal, () => get("/v1/preferences", { signal }), preferences),
  load(signal, () => get("/v1/devices", { signal }), devices),
  section(t("ends.title"), h("p.muted", null, t("ends.text")), h("div.row", null,
    h("div", null, action("button", t("ends.everywhere"), async () => { await post("/v1/auth/sign-out-everywhere"); await leave(); })),
    h("div", null, action("button.danger", t("ends.withdraw"), async () => {
      if (!confirm(t("ends.withdraw.sure"))) return;
      await remove("/v1/me/consent");
      forget();
      location.assign("#/consent");
    })),
    h("a.button", { href: "#/export" }, t("nav.export")), h("a.button.danger", { href: "#/leave" }, t("nav.leave")))),
];

const days = () => Array.from({ length: 8 }, (_, n) => [n, t(`profile.days.${Math.min(n, 2)}`, { n })]);

const profile = (p) => [
  section(t("profile.title"),
    field(t("profile.name"), p.displayName, (v) => change({ displayName: v || null }), { autocomplete: "nickname" }),
    field(t("profile.username"), p.username, async (v) => { await put("/v1/me/username", { username: v }); forget(); },
      { text: t("profile.username.text"), autocomplete: "username", minlength: 3, maxlength: 20, required: true }),
    choice(t("profile.keep"), days(), p.keepPhotosDays ?? 1, (v) => change({ keepPhotosDays: Number(v) }), { text: t("profile.keep.text") }),
    p.birthYear && h("p.muted", null, t("profile.born", { year: p.birthYear }))),
  section(t("nav.board"),
    toggle(t("profile.optIn"), p.leaderboard.optIn, (v) => change({ leaderboard: { optIn: v } }), { text: t("profile.optIn.text") }),
    toggle(t("profile.rankEvents"), p.leaderboard.rankEvents, (v) => change({ leaderboard: { rankEvents: v } })),
    choice(t("profile.division"), ["none", "women", "men"].map((d) => [d, t(`division.${d}`)]), p.leaderboard.division,
      (v) => change({ leaderboard: { division: v } }), { text: t("profile.division.text") }),
    h("div", null, action("button", t("profile.forget"), () => remove("/v1/leaderboards/me")))),
];

// Notices that an account's owner must get.
const fixed = ["security", "account_erased"];

const preferences = (p) => section(t("notices.title"),
  toggle(t("notices.push"), p.push, (v) => patch("/v1/preferences", { push: v })),
  toggle(t("notices.email"), p.email, (v) => patch("/v1/preferences", { email: v })),
  toggle(t("notices.digest"), p.digest, (v) => patch("/v1/preferences", { digest: v }), { text: t("notices.digest.text") }),
  toggle(t("notices.hide"), p.hideScore, (v) => patch("/v1/preferences", { hideScore: v }), { text: t("notices.hide.text") }),
  quiet(p.quietHours),
  h("table.kinds", null, h("thead", null, h("tr", null, h("th", { scope: "col" }, t("notices.kind")), h("th", { scope: "col" }, t("notices.push.short")), h("th", { scope: "col" }, t("notices.email.short")))),
    h("tbody", null, Object.entries(p.kinds).map(([kind, cells]) => h("tr", null, h("th", { scope: "row" }, t(`kind.${kind}`)),
      ["push", "email"].map((channel) => h("td", null, channel in cells ? toggle(`${t(`kind.${kind}`)}: ${t(`notices.${channel}.short`)}`, cells[channel],
        (v) => patch("/v1/preferences", { kinds: { [kind]: { [channel]: v } } }), { hidden: true, disabled: fixed.includes(kind) }) : "–")))))));

function quiet(hours) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const time = (name, value) => h("label", null, t(`notices.${name}`), h("input", { type: "time", name, value, required: true }));
  const from = time("from", hours?.from ?? "22:00"), to = time("to", hours?.to ?? "07:00");
  const value = (label) => label.querySelector("input").value;
  return h("div.setting", null, h("div", null, h("p", null, h("strong", null, t("notices.quiet"))), h("p.small.muted", null,
    hours ? t("notices.quiet.on", hours) : t("notices.quiet.off"))),
  h("div.row", null, from, to,
    h("div", null, action("button", t("save"), () => patch("/v1/preferences", { quietHours: { from: value(from), to: value(to), zone } }))),
    hours && h("div", null, action("button.quiet", t("notices.quiet.end"), () => patch("/v1/preferences", { quietHours: null })))));
}

function devices({ items }, again) {
  const kept = "facescan.device";
  const own = localStorage.getItem(kept) ?? `console-${crypto.randomUUID().slice(0, 8)}`;
  localStorage.setItem(kept, own);
  const row = (d) => h("li.setting", null, h("div", null, h("p", null, h("strong", null, d.id === own ? t("devices.this") : d.id), " ", t(`platform.${d.platform}`)),
    h("p.small.muted", null, t("devices.seen", { at: moment(d.updatedAt) }))),
  h("div", null, action("button.quiet", t("devices.forget"), async () => { await remove(`/v1/devices/${encodeURIComponent(d.id)}`); again(); })));
  return section(t("devices.title"), h("p.muted", null, t("devices.text")),
    items.length ? h("ul.stack", null, items.map(row)) : h("p", null, t("devices.none")),
    !items.some((d) => d.id === own) && h("div", null, action("button", t("devices.add"), async () => {
      await put(`/v1/devices/${own}`, { token: `token-of-${own}`, platform: "web" });
      again();
    })));
}
