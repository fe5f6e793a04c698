// What can go wrong, and the way on from it. Each code has a title and a sentence in app/text
// (problem.CODE and problem.CODE.text); a sentence of the API's own comes before the console's.
import { h, say } from "./dom.js";
import { has, t } from "./text.js";

/** Problem is an error with a code for programs. */
export class Problem extends Error {
  constructor(code, { detail = "", status = 0, retryAfter = 0, fields = [] } = {}) {
    super(detail || code);
    Object.assign(this, { code, detail, status, retryAfter, fields });
  }

  /** passes says whether the same request may succeed later. */
  get passes() {
    return this.isOfNetwork || this.code === "not_taken" || this.status === 429 || this.status >= 500;
  }

  /** isOfNetwork says whether nothing answered. */
  get isOfNetwork() {
    return this.code === "unreachable" || this.code === "auth_unreachable";
  }
}

/** fromAnswer returns the problem that the API answered with. */
export function fromAnswer(answer, told) {
  return new Problem(told?.code ?? "unavailable", {
    detail: told?.detail ?? "", status: answer.status, fields: told?.fields ?? [],
    retryAfter: Number(answer.headers.get("Retry-After")) || 0, // a proxy may name a date
  });
}

/** fromFetch returns the problem of a fetch that had no answer. An abort stays what it is. */
export const fromFetch = (fault) => (fault.name === "AbortError" ? fault : new Problem("unreachable"));

// What the Firebase SDK throws, as the API's codes where it has one.
const ofFirebase = {
  "auth/user-token-expired": "token_revoked", "auth/user-disabled": "user_disabled",
  "auth/user-not-found": "invalid_credentials", "auth/invalid-credential": "invalid_credentials",
  "auth/wrong-password": "invalid_credentials", "auth/email-already-in-use": "email_exists",
  "auth/weak-password": "weak_password", "auth/invalid-email": "invalid_email",
  "auth/network-request-failed": "auth_unreachable", "auth/too-many-requests": "rate_limited",
};

/** asProblem returns the error as a Problem. */
export function asProblem(fault) {
  if (fault instanceof Problem) return fault;
  const code = ofFirebase[fault?.code];
  if (code) return new Problem(code);
  if (fault instanceof TypeError && fault.message.includes("dynamically imported")) return new Problem("unreachable");
  console.error(fault);
  return new Problem("console_failed", { detail: String(fault?.message ?? fault) });
}

// Where a code leads. What is not here can be tried again.
const ways = {
  consent_required: "#/consent", birth_year_required: "#/consent", not_registered: "#/", consent_version_outdated: "#/consent",
  token_expired: "#/", token_invalid: "#/", token_missing: "#/", token_revoked: "#/", sign_in_stale: "#/", user_disabled: "#/",
  account_erasing: "#/", account_banned: "#/settings", account_quarantined: "#/settings", under_age: "#/settings",
  not_found: "#/timeline", photo_too_large: "#/photo", invalid_credentials: null, email_exists: null, weak_password: null, invalid_email: null,
};

/** isOver says whether the problem ends the sign-in. */
export const isOver = (problem) =>
  ["token_expired", "token_invalid", "token_missing", "token_revoked", "sign_in_stale", "user_disabled", "account_erasing"].includes(problem.code);

/** notice shows the problem with the way on: again does the work once more, where that can help. */
export function notice(fault, again) {
  const problem = asProblem(fault);
  const title = has(`problem.${problem.code}`) ? t(`problem.${problem.code}`) : t("problem.other");
  const own = has(`problem.${problem.code}.text`) ? t(`problem.${problem.code}.text`) : "";
  const sentence = [problem.detail || own, ...problem.fields.map((f) => `${f.pointer ?? f.name ?? ""}: ${f.detail}`)];
  if (problem.retryAfter) sentence.push(t("problem.after", { seconds: Math.ceil(problem.retryAfter) }));
  say(`${title} ${sentence.join(" ")}`);
  const way = ways[problem.code];
  return h("div.notice", { role: "group", "data-code": problem.code, "aria-label": title },
    h("p.title", null, title), sentence.filter(Boolean).map((one) => h("p", null, one)),
    h("p.row", null,
      way && h("a.button", { href: way }, t(`way.${way}`)),
      way === undefined && again && h("button", { type: "button", onclick: again }, t("again"))));
}
