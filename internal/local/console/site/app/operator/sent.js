// What the system has sent: mails as text with the way to their page, and pushes as a phone shows them.
import { h } from "../core/dom.js";
import { load } from "../core/load.js";
import { moment, number, t } from "../core/text.js";
import { tabs } from "../parts/tabs.js";
import { ask } from "./desk.js";

export const view = ({ signal }) => [
  h("h1", null, t("nav.operator.sent")),
  h("p.lead", null, t("operator.sent.text")),
  load(signal, () => ask("/operator/sent", signal), (told, again) => [
    h("div.row", null, h("button", { type: "button", onclick: again }, t("refresh"))),
    tabs({
      id: "sent", label: t("nav.operator.sent"), signal,
      names: { mails: t("sent.mails", { n: number(told.mailCount) }), pushes: t("sent.pushes", { n: number(told.pushCount) }) },
      show: (name) => (name === "mails" ? mails(told) : pushes(told)),
    }),
  ]),
];

const mails = ({ mails: all }) => (all.length ? h("ul.rows", { id: "mails" }, all.map((mail) => h("li", null, h("details.sent", null,
  h("summary", null, h("span.subject", null, mail.subject), h("span.muted", null, mail.to), h("span.small.muted", null, mail.date ? moment(mail.date) : "")),
  h("div.letter", null, h("p.small.muted", null, t("sent.from", { from: mail.from, n: number(mail.number) })), h("div.text", null, mail.text),
    h("p", null, h("a", { href: mail.page, target: "_blank", rel: "noopener" }, t("sent.page")))))))) : h("p.muted", null, t("sent.mails.none")));

const pushes = ({ pushes: all }) => (all.length ? h("ul.pushes", { id: "pushes" }, all.map((push) => h("li.push", null,
  h("p.small.muted.from", null, "FaceScan", h("span", null, `#${number(push.number)}`)), h("h2", null, push.title), h("p", null, push.body),
  h("details", null, h("summary.small", null, t("sent.more")), h("dl.pairs", null, [
    ["token", push.token], ["priority", push.priority], ["ttl", push.ttl], ["collapse key", push.collapse], ...Object.entries(push.data ?? {}),
  ].filter(([, value]) => value).map(([key, value]) => h("div", null, h("dt", null, key), h("dd", null, h("code", null, value))))))))) : h("p.muted", null, t("sent.pushes.none")));
