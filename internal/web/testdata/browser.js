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
  focus() { }, reset() { }, addEventListener: (_, listener) => submits.push(listener),
  elements: { email: { value: "ada@example.com" }, password: { value: "correct horse" } },
});
const sent = [], stored = [];
const answers = ["first", "second"];
let refusals = 1;
const world = vm.createContext({
  document: { getElementById: (id) => elements[id] ??= element() },
  fetch: async (path, { body }) => {
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
  console.log(JSON.stringify({ sent, stored }));
})();
