// Steps that are done one after another, with the time that each took.
import { h, place, say } from "../core/dom.js";
import { number, t } from "../core/text.js";

/** steps returns the list of [name, label]. begin says that a step has begun, and all before it are
 * done; tell says how far it is. */
export function steps(all) {
  const rows = new Map(all.map(([name, label]) => [name, {
    row: h("li.step", { "data-step": name }, h("span.dot", { "aria-hidden": "true" }),
      h("span.label", null, label), h("span.took.small.muted")),
    label,
  }]));
  let present = "", since = 0;
  const finish = (state) => {
    const { row } = rows.get(present) ?? {};
    if (!row) return;
    row.dataset.state = state;
    row.querySelector(".took").textContent = t("seconds", { n: number((performance.now() - since) / 1000, 1) });
    row.querySelector(".bar")?.remove();
  };
  return {
    element: h("ol.steps", null, [...rows.values()].map(({ row }) => row)),
    begin(name) {
      if (name === present) return;
      finish("done");
      [present, since] = [name, performance.now()];
      rows.get(name).row.dataset.state = "now";
      say(rows.get(name).label);
    },
    tell(name, text, part) {
      const { row } = rows.get(name);
      row.querySelector(".took").textContent = text;
      const bar = row.querySelector(".bar") ?? row.appendChild(h("span.bar", { "aria-hidden": "true" }));
      place(bar, 0, 100 * part);
    },
    stop: () => finish("failed"),
  };
}
