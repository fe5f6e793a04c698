// What the page's script needs of a browser. The constant script is it.
"use strict";
const vm = require("node:vm");
const mode = process.argv[2];
const items = new Map(mode === "kept" ? [["clientToken", "kept"]] : []);
const storage = {
  getItem: (name) => items.get(name) ?? null,
  setItem: (name, value) => items.set(name, value),
  removeItem: (name) => items.delete(name),
};
const submits = [];
const elements = {};
const element = () => ({
  focus() { }, reset() { }, setAttribute() { }, removeAttribute() { }, dataset: { sent: "A mail is on its way.", lost: "Lost.", limited: "Too many." },
  addEventListener: (_, listener) => submits.push(listener),
  elements: { email: { value: "ada@example.com" }, password: { value: "correct horse" }, address: { value: "ada@example.com" } },
});
const sent = [], stored = [], asked = [], told = [];
const answers = ["first", "second"];
let refusals = 1;
const world = vm.createContext({
  document: { getElementById: (id) => elements[id] ??= element(), documentElement: { lang: "de" } },
  fetch: async (path, { body }) => {
    if (path === "/v1/account-deletion") {
      asked.push(JSON.parse(body));
      if (asked.length > 1) {
        return { ok: false, status: 429, json: async () => ({ status: 429, code: "rate_limited", detail: "Wait." }) };
      }
      return { ok: true, status: 202, json: async () => { throw new Error("there is no body"); } };
    }
    if (path === "/v1/auth/login") {
      sent.push(JSON.parse(body));
      return { ok: true, json: async () => ({ idToken: "id", clientToken: answers.shift() }) };
    }
    if (refusals-- > 0) { // such as a token that was revoked meanwhile
      return { ok: false, json: async () => ({ status: 401, code: "token_revoked", detail: "Sign in again." }) };
    }
    return { ok: true, json: async () => ({ receiptUrl: "https://example.com/receipt" }) };
  },
});
Object.defineProperty(world, "localStorage", {
  get() {
    if (mode === "forbidden") {
      throw new Error("storage is off");
    }
    return storage;
  },
});
const note = () => stored.push(items.get("clientToken") ?? null);

(async () => {
  vm.runInContext(script, world);
  note();
  for (let i = 0; i < 2; i++) {
    await submits[0]({ preventDefault() { } });
    note();
  }
  if (!elements.deletion.hidden) {
    throw new Error("nothing was deleted: " + elements.status.textContent);
  }
  for (let i = 0; i < 2; i++) {
    await submits[1]({ preventDefault() { } });
    told.push(elements.sent.textContent ?? null);
  }
  console.log(JSON.stringify({ sent, stored, asked, told }));
})();
