// What was given up: parked events and dead letters, each with its way back; and what the stores
// must not hold.
import { h, say } from "../core/dom.js";
import { action, load } from "../core/load.js";
import { moment, number, t } from "../core/text.js";
import { ask, order } from "./desk.js";

export const view = ({ signal }) => [
  h("h1", null, t("nav.operator.stuck")),
  h("p.lead", null, t("operator.stuck.text")),
  section("parked", signal, (item, again) => !item.redrivenAt && !item.refused && act("redrive", item, again, () => order("/operator/parked", { id: item.id }, signal))),
  section("dead", signal, (item, again) => [
    act("redrive", item, again, () => order("/operator/dead", { id: item.id, drop: false }, signal)),
    act("drop", item, again, () => order("/operator/dead", { id: item.id, drop: true }, signal)),
  ]),
  verification(signal),
];

const act = (name, item, again, work) => h("div", null, action(name === "drop" ? "button.danger" : "button", h("span", null, t(`stuck.${name}`), h("span.unseen", null, ` ${item.type || item.id}`)), async () => {
  const { note } = await work();
  say(note ? t("stuck.redrive.noted", { note }) : t(`stuck.${name}.done`));
  again();
}));

const section = (name, signal, ways) => h("section.part.stack", { id: name },
  h("h2", null, t(`stuck.${name}`)), h("p.muted", null, t(`stuck.${name}.text`)),
  load(signal, () => ask(`/operator/${name}`, signal), ({ items, more }, again) => [
    items.length ? h("ul.rows", null, items.map((item) => row(item, ways(item, again)))) : h("p", null, t(`stuck.${name}.none`)),
    more && h("p.muted", null, t("stuck.more")),
    h("div.row", null, h("button.quiet", { type: "button", onclick: again }, t("refresh"))),
  ]));

const row = (item, ways) => h("li.stuck", null,
  h("div.stack", null, h("h3", null, item.type || t("stuck.unknown")),
    h("p.small.muted", null, [item.function, item.topic && `← ${item.topic}`, moment(item.at), item.attempts && t("stuck.attempts", { n: number(item.attempts) })].filter(Boolean).join(" · ")),
    item.reason && h("p", null, h("code", null, item.reason)),
    item.refused && !item.redrivenAt && h("p.muted", null, t("stuck.refused", { why: item.refused })),
    item.redrivenAt && h("p.muted", null, t("stuck.redriven", { at: moment(item.redrivenAt) })),
    item.uid && h("p.small", null, h("a", { href: `#/operator/users/${item.uid}` }, t("stuck.user")))),
  h("div.row", null, ways));

function verification(signal) {
  const box = h("div.stack", { id: "findings" });
  return h("section.part.stack", null, h("h2", null, t("verify.title")), h("p.muted", null, t("verify.text")),
    h("div", null, action("button.verify", t("verify.do"), async () => {
      const report = await order("/operator/verification", {}, signal);
      box.replaceChildren(...findings(report));
      say(t("verify.found", { wrong: number(report.wrong), open: number(report.open) }));
    })), box);
}

function findings({ findings: all, looked, wrong, open }) {
  const looks = Object.entries(looked).map(([name, n]) => `${number(n)} ${name}`).join(", ");
  return [
    h("p", { "data-wrong": String(wrong) }, h("strong", null, t("verify.found", { wrong: number(wrong), open: number(open) }))),
    h("p.small.muted", null, t("verify.looked", { looks })),
    all?.length > 0 && h("ul.rows", null, all.toSorted((a, b) => Boolean(a.open) - Boolean(b.open)).map((one) => h("li.stuck", { "data-failed": String(!one.open) }, h("div.stack", null,
      h("h3", null, one.rule, h("span.tag", null, t(one.open ? "verify.open" : "verify.wrong"))), h("p", null, one.says), h("p.small", null, h("code", null, one.path)))))),
  ].filter(Boolean);
}
