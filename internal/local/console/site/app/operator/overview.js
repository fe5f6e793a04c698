// Where an operator begins: what the system is made of, and what passes through it now.
import { h } from "../core/dom.js";
import { load } from "../core/load.js";
import { number, t } from "../core/text.js";
import { ask, every } from "./desk.js";
import { flow } from "./flow.js";
import { clock, lasted } from "./time.js";

const views = ["sent", "traces", "logs", "faults", "stuck", "users", "counts"];
const kept = 12; // rows of the list of what passed

export const view = ({ signal }) => [
  h("h1", null, t("nav.operator")),
  h("p.lead", null, t("operator.lead")),
  load(signal, () => ask("/operator/picture", signal), (picture) => live(picture, signal)),
  h("ul.tiles", null, views.map((name) => h("li", null, h("a.card.tile", { href: `#/operator/${name}` },
    h("h2", null, t(`nav.operator.${name}`)), h("p.muted", null, t(`operator.${name}.text`)))))),
];

function live(picture, signal) {
  const drawn = flow(picture, signal);
  const figures = { moves: figure("moves"), failed: figure("failed"), mails: figure("mails"), pushes: figure("pushes") };
  const rows = h("tbody");
  const none = h("p.muted", null, t("operator.passed.none"));
  const table = h("div.scroll", { tabindex: "0", role: "region", "aria-label": t("operator.passed"), hidden: true }, h("table.passed", null,
    h("thead", null, h("tr", null, ["when", "what", "path", "took"].map((name) => h("th", { scope: "col" }, t(`operator.passed.${name}`))))), rows));
  let since = "", passed = 0, failed = 0;
  const trouble = every(900, signal, async () => {
    const told = await ask(`/operator/moves?since=${since}`, signal);
    since = told.last;
    for (const move of told.moves) {
      passed++;
      if (isFailed(move)) failed++;
      rows.prepend(row(move, drawn.label));
    }
    while (rows.children.length > kept) rows.lastChild.remove();
    if (passed) [none.hidden, table.hidden] = [true, false];
    figures.moves.say(passed);
    figures.failed.say(failed);
    figures.mails.say(told.mails);
    figures.pushes.say(told.pushes);
    drawn.run(told.moves);
  });
  return [
    trouble,
    h("dl.figures", null, Object.values(figures).map(({ element }) => element)),
    drawn.element,
    h("section.stack", null, h("h2", null, t("operator.passed")), none, table),
  ];
}

/** isFailed says whether a move came to nothing: a refusal is an answer. */
const isFailed = (move) => move.status === 0 || move.status >= 500;

function figure(name) {
  const value = h("dd", null, "0");
  return { element: h("div", null, h("dt", null, t(`operator.figure.${name}`)), value), say: (n) => { value.textContent = number(n); } };
}

function row(move, label) {
  const attempt = move.attempt > 1 && h("span.tag", null, t("operator.attempt", { n: move.attempt }));
  const ran = move.path?.filter(Boolean).map(label).join(" → ");
  return h("tr", { "data-failed": String(isFailed(move)) },
    h("td", null, move.trace ? h("a", { href: `#/operator/traces/${move.trace}` }, clock(move.at)) : clock(move.at)),
    h("td", null, move.what, attempt), h("td", null, ran),
    h("td", null, lasted(move.tookMilliseconds), " ", h("span.status", null, String(move.status || t("operator.broken")))));
}
