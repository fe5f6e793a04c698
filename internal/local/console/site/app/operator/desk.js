// Asks the private port, from which this page comes. Nothing here has a user's token.
import { Problem, fromAnswer, fromFetch } from "../core/problem.js";

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

/** every does the work again and again, with a pause between, while the view and the page are shown. */
export async function every(ms, signal, work) {
  for (; !signal.aborted; await new Promise((done) => setTimeout(done, ms))) {
    if (document.hidden) continue;
    try {
      await work();
    } catch (fault) {
      if (fault.name === "AbortError" || signal.aborted) return;
      if (!(fault instanceof Problem)) throw fault;
    }
  }
}
