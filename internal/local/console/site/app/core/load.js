// Shows at once what needs no answer, and the rest when it is there.
import { h, nodes } from "./dom.js";
import { asProblem, isOver, notice } from "./problem.js";
import { leave } from "./session.js";
import { number, t } from "./text.js";

/** load returns a box that has a placeholder, then what show makes of the answer, or the problem and
 * the way on. again loads anew. */
export function load(signal, ask, show) {
  const box = h("div.loaded");
  const again = async () => {
    if (!box.hasChildNodes()) box.append(placeholder());
    box.setAttribute("aria-busy", "true");
    try {
      const answer = await ask();
      if (!signal.aborted) put(box, show(answer, again));
    } catch (fault) {
      if (signal.aborted || fault.name === "AbortError") return;
      await ended(fault);
      put(box, notice(fault, again));
    } finally {
      box.removeAttribute("aria-busy");
    }
  };
  again();
  return box;
}

// put has the box show other things. Who has pressed a button that is gone goes on where it was.
function put(box, shown) {
  const held = box.contains(document.activeElement);
  box.replaceChildren(...nodes(shown));
  if (!held || box.contains(document.activeElement)) return;
  box.tabIndex = -1;
  box.focus({ preventScroll: true });
}

/** ended signs out where the sign-in is over, so that the way on is to sign in. */
export async function ended(fault) {
  const problem = asProblem(fault);
  if (isOver(problem)) await leave({ at: location.hash, code: problem.code });
}

/** stalled returns a box, and what shows in it why something does not go on, until it does. */
export function stalled() {
  const box = h("div", { role: "alert" });
  return [box, (fault, ms, now) => box.replaceChildren(...(fault
    ? [notice(fault, now), h("p.muted", { role: "status" }, t("way.again", { seconds: number(ms / 1000) }))] : []))];
}

const placeholder = () => h("div.placeholder", { "aria-hidden": "true" }, h("i"), h("i"), h("i"));

/** doing runs the work of a button, which is off meanwhile, and shows in the box what goes wrong. */
export async function doing(button, box, work) {
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  box.replaceChildren();
  try {
    return await work();
  } catch (fault) {
    if (fault.name !== "AbortError") {
      await ended(fault);
      box.replaceChildren(notice(fault, () => button.click()));
    }
    return undefined;
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
    if (document.activeElement === document.body) button.focus({ preventScroll: true });
  }
}

/** action returns a button that does the work, and the box for what goes wrong. */
export function action(name, label, work) {
  const box = h("div", { role: "alert" });
  const button = h(name, { type: "button", onclick: () => doing(button, box, work) }, label);
  return [button, box];
}

export const busy = () => h("p.muted", null, t("loading"));
