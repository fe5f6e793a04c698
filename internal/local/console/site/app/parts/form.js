// Controls that are sent as soon as they are changed, and say whether that went well.
import { h, say } from "../core/dom.js";
import { ended } from "../core/load.js";
import { notice } from "../core/problem.js";
import { t } from "../core/text.js";

let last = 0;
const id = () => `field-${++last}`;

// sent sends a change, and takes it back in the control if it is refused.
async function sent(control, box, send, undo) {
  box.replaceChildren();
  try {
    await send();
    box.replaceChildren(h("span.saved.small", null, t("saved")));
    say(t("saved"));
  } catch (fault) {
    undo();
    await ended(fault);
    box.replaceChildren(notice(fault));
  }
}

/** toggle is a switch. */
export function toggle(label, is, send, { text, disabled, hidden = false } = {}) {
  const name = id();
  const box = h("span.outcome");
  const input = h("input", { type: "checkbox", role: "switch", id: name, disabled, "aria-label": hidden ? label : null });
  input.checked = is;
  input.addEventListener("change", () => sent(input, box, () => send(input.checked), () => { input.checked = !input.checked; }));
  if (hidden) return h("span.bare", null, input, box);
  return h("div.setting", null, h("div", null, h("label", { for: name }, label), text && h("p.small.muted", null, text)), h("span.bare", null, input, box));
}

/** choice is a list to choose from. */
export function choice(label, options, value, send, { text } = {}) {
  const name = id();
  const box = h("span.outcome");
  const select = h("select", { id: name }, options.map(([v, shown]) => h("option", { value: v, selected: String(v) === String(value) }, shown)));
  let was = select.value;
  select.addEventListener("change", () => sent(select, box, async () => { await send(select.value); was = select.value; }, () => { select.value = was; }));
  return h("div.setting", null, h("div", null, h("label", { for: name }, label), text && h("p.small.muted", null, text)), h("span.bare", null, select, box));
}

/** field is a line of text with a button, as it is not sent while it is written. */
export function field(label, value, send, { text, ...more } = {}) {
  const name = id();
  const box = h("span.outcome");
  const input = h("input", { id: name, value: value ?? "", ...more });
  const submit = (event) => {
    event.preventDefault();
    sent(input, box, () => send(input.value), () => {});
  };
  return h("form.setting", { onsubmit: submit }, h("div", null, h("label", { for: name }, label), text && h("p.small.muted", null, text)),
    h("span.bare", null, h("span.line", null, input, h("button", null, t("save"))), box));
}
