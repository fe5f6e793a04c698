// What the stores have of a user: the documents by their collections, the objects and the traces.
import { h } from "../core/dom.js";
import { load } from "../core/load.js";
import { bytes, moment, number, t } from "../core/text.js";
import { ask } from "./desk.js";

export const view = ({ signal, params: [uid] }) => [
  h("h1", null, t("nav.operator.users")),
  h("p.row", null, h("a", { href: "#/operator/users" }, t("users.back")), h("code", null, uid)),
  load(signal, () => ask(`/operator/users/${uid}`, signal), story),
];

function story({ documents, objects, traces, cut }) {
  const kinds = Map.groupBy(documents ?? [], ({ collection }) => collection);
  if (!documents?.length) return h("p", null, t("users.nothing"));
  return [
    cut?.length > 0 && h("p.muted", null, t("users.cut", { names: cut.join(", ") })),
    [...kinds].map(([kind, all]) => h("section.part.stack", null, h("h2", null, kind, h("span.tag", null, number(all.length))),
      h("ul.rows", { "data-collection": kind }, all.map(documented)))),
    objects?.length > 0 && h("section.part.stack", null, h("h2", null, t("users.objects"), h("span.tag", null, number(objects.length))),
      h("ul.rows", null, objects.map((one) => h("li.object", null, h("span", null, one.kind), h("span.muted", null, bytes(one.bytes)), h("span.muted", null, moment(one.at)))))),
    traces?.length > 0 && h("section.part.stack", null, h("h2", null, t("users.traces"), h("span.tag", null, number(traces.length))),
      h("ul.rows", null, traces.map((id) => h("li.object", null, h("a", { href: `#/operator/traces/${id}` }, h("code", null, id)))))),
  ];
}

const documented = ({ id, at, fields }) => h("li", null, h("details.sent", null,
  h("summary", null, h("code", null, id), h("span.muted", null, fields.state ?? fields.kind ?? ""), h("span.small.muted", null, at ? moment(at) : "")),
  h("dl.pairs", null, Object.entries(fields).map(([key, value]) => h("div", null, h("dt", null, key), h("dd", null, h("code", null, typeof value === "object" ? JSON.stringify(value) : String(value))))))));
