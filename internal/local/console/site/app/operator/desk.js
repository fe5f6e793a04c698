// Asks the private port, from which this page comes. Nothing here has a user's token.
import { h } from "../core/dom.js";
import { Problem, fromAnswer, fromFetch, notice } from "../core/problem.js";
import { t } from "../core/text.js";

async function call(path, options) {
  let answer, told;
  try {
    answer = await fetch(new URL(path, location.origin), options);
    told = /[/+]json\b/.test(answer.headers.get("Content-Type")) ? await answer.json() : null;
  } catch (fault) {
    throw fromFetch(fault);
  }
  if (!answer.ok) throw told ? fromAnswer(answer, told) : new Problem(answer.status === 404 ? "operator_gone" : "unavailable", { status: answer.status });
  return told;
}

/** ask reads from a path of the private port. */
export const ask = (path, signal) => call(path, { signal });

/** order has something done. */
export const order = (path, body, signal) => call(path, {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal,
});

/** every does the work again and again, with a pause between, while the view and the page are shown. It
 * returns a box that says why it does not succeed, as long as that is so. */
export function every(ms, signal, work) {
  const box = h("div", { role: "alert" });
  repeat(ms, signal, work, box);
  return box;
}

async function repeat(ms, signal, work, box) {
  let shown = "";
  for (; !signal.aborted; await new Promise((done) => setTimeout(done, ms))) {
    if (document.hidden) continue;
    try {
      await work();
      if (shown) box.replaceChildren();
      shown = "";
    } catch (fault) {
      if (fault.name === "AbortError" || signal.aborted) return;
      if (!(fault instanceof Problem)) throw fault;
      if (shown !== fault.code) box.replaceChildren(notice(fault), h("p.muted", null, t("operator.goesOn")));
      shown = fault.code;
    }
  }
}
