// Tabs, as the pattern of WAI-ARIA has them.
import { h, nodes } from "../core/dom.js";

/** tabs returns the tabs of {name: label} and their panel. show returns what a tab shows; its signal ends
 * when another is opened. */
export function tabs({ id, label, names, signal, show }) {
  const panel = h("div.panel", { role: "tabpanel", id: `${id}-panel`, tabindex: "0" });
  let shown = new AbortController();
  const all = Object.entries(names).map(([name, text]) => h("button", {
    type: "button", role: "tab", id: `${id}-${name}`, "aria-controls": panel.id, onclick: () => open(name),
  }, text));
  const open = (name) => {
    shown.abort();
    shown = new AbortController();
    for (const tab of all) {
      const chosen = tab.id === `${id}-${name}`;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
    }
    panel.setAttribute("aria-labelledby", `${id}-${name}`);
    panel.replaceChildren(...nodes(show(name, AbortSignal.any([signal, shown.signal]))));
  };
  open(Object.keys(names)[0]);
  return h("div.stack", null, h("div.tabs", { role: "tablist", "aria-label": label, onkeydown: arrows }, all), panel);
}

function arrows(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const all = [...event.currentTarget.children];
  const next = all[(all.indexOf(event.target) + step + all.length) % all.length];
  next.focus();
  next.click();
}
