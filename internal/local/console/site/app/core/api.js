// Calls the API as any web app does: the ID token in Authorization, no cookies. See
// internal/httpapi/guides/web.md.
import { idToken } from "./session.js";
import { Problem, fromAnswer, fromFetch } from "./problem.js";
import { language } from "./text.js";

export const base = document.documentElement.dataset.api;

/** call asks the API, and returns what it answers, or throws a Problem. A token that is over though this
 * machine's clock says otherwise is refreshed once. */
export async function call(method, path, options = {}) {
  try {
    return await once(method, path, options);
  } catch (fault) {
    if (fault.code !== "token_expired") throw fault;
    return once(method, path, options, true);
  }
}

async function once(method, path, { body, headers, signal, open = false }, fresh = false) {
  const all = { "Accept-Language": language, ...headers };
  if (!open) all.Authorization = `Bearer ${await idToken(fresh)}`;
  let content = body;
  if (body !== undefined && !(body instanceof Blob)) {
    all["Content-Type"] = "application/json";
    content = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(new URL(path, base), { method, headers: all, body: content, signal });
  } catch (fault) {
    throw fromFetch(fault);
  }
  const isJSON = /[/+]json\b/.test(answer.headers.get("Content-Type"));
  let told = null;
  try {
    if (isJSON) told = await answer.json();
  } catch (fault) {
    throw fromFetch(fault);
  }
  if (!answer.ok) throw fromAnswer(answer, told);
  return told;
}

export const get = (path, options) => call("GET", path, options);
export const post = (path, body, options) => call("POST", path, { body, ...options });
export const put = (path, body, options) => call("PUT", path, { body, ...options });
export const patch = (path, body, options) => call("PATCH", path, { body, ...options });
export const remove = (path, options) => call("DELETE", path, options);

const pause = (ms, signal) => new Promise((done, failed) => {
  const timer = setTimeout(done, ms);
  signal?.addEventListener("abort", () => { clearTimeout(timer); failed(signal.reason); }, { once: true });
});
const online = (signal) => new Promise((done) => addEventListener("online", done, { once: true, signal }));

/**
 * persist does the work again until it succeeds: at once when the network is back, and after a
 * growing pause where it is refused for now. waiting is told before each pause, with what ends it. A
 * refusal that a repetition does not change is thrown.
 */
export async function persist(work, { signal, waiting } = {}) {
  for (let wait = 1000; ; wait = Math.min(2 * wait, 30_000)) {
    try {
      const done = await work();
      waiting?.(null);
      return done;
    } catch (fault) {
      if (signal?.aborted || !(fault instanceof Problem) || !fault.passes) throw fault;
      const ms = Math.max(1000 * fault.retryAfter, wait * (1 + Math.random() / 2));
      const { promise: asked, resolve: now } = Promise.withResolvers();
      waiting?.(fault, ms, now);
      await Promise.race([pause(ms, signal), asked, ...(fault.isOfNetwork ? [online(signal)] : [])]);
    }
  }
}

/** poll asks by a long poll until there is an answer. After a failure it does not wait, so that what
 * waiting was told is over as soon as the API answers. */
export function poll(path, query, { signal, waiting } = {}) {
  let failed = false;
  return persist(() => get(failed ? path : `${path}?${query}`, { signal }), {
    signal, waiting: (fault, ...how) => { failed = fault !== null; waiting?.(fault, ...how); },
  });
}

const ended = ["completed", "failed", "expired", "ready"];

/** follow reads a scan or series again and again by long polls, tells seen of each state, and
 * returns the last. */
export async function follow(path, { signal, seen, waiting } = {}) {
  let now = await persist(() => get(path, { signal }), { signal, waiting });
  for (seen?.(now); !ended.includes(now.state); seen?.(now)) {
    await visible(signal);
    now = await poll(path, `wait=25&since=${now.revision}`, { signal, waiting });
  }
  return now;
}

// visible waits until the page is shown: a hidden one has no use for a long poll.
const visible = (signal) => new Promise((done) => {
  if (!document.hidden) done();
  else document.addEventListener("visibilitychange", done, { once: true, signal });
});
