// The frame: navigation, language and look.
import { routes as operator } from "../operator/index.js";
import { get } from "./api.js";
import { h } from "./dom.js";
import { refresh } from "./router.js";
import { change, leave, ready, user } from "./session.js";
import { choices, language, speak, t } from "./text.js";

const way = [
  ["nav.home", "#/"], ["nav.photo", "#/photo"], ["nav.timeline", "#/timeline"], ["nav.board", "#/leaderboards"], ["nav.inbox", "#/inbox"],
];
const account = [["nav.settings", "#/settings"], ["nav.export", "#/export"], ["nav.leave", "#/leave"]];
const keptLook = "facescan.look";

const side = document.getElementById("side");
const menu = document.getElementById("menu");
let shown = "";

function open(is) {
  side.classList.toggle("open", is);
  menu.setAttribute("aria-expanded", is);
}

menu.addEventListener("click", () => open(!side.classList.contains("open")));
document.getElementById("skip").addEventListener("click", () => {
  document.getElementById("main").focus();
});
side.addEventListener("click", (event) => { if (event.target.closest("a")) open(false); });
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !side.classList.contains("open")) return;
  open(false);
  menu.focus();
});

function look(to) {
  if (to === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = to;
}
look(localStorage.getItem(keptLook) ?? "system");

/** draw draws the frame for who is signed in now. */
export async function draw() {
  document.getElementById("skip").textContent = t("skip");
  menu.textContent = t("menu");
  side.setAttribute("aria-label", t("nav.label"));
  const links = (list) => h("ul", null, list.map(([title, href]) => h("li", null, h("a", { href, "data-title": title },
    t(title)))));
  const parts = (signedIn) => [
    signedIn && h("section", null, h("h2", null, t("nav.you")), links(way)),
    signedIn && h("section", null, h("h2", null, t("nav.account")), links(account)),
    operator.length && h("section", null, h("h2", null, t("nav.behind")),
      links(operator.filter((r) => r.link).map((r) => [r.title, r.link]))),
    foot(signedIn),
  ].filter(Boolean);
  side.replaceChildren(...parts(false));
  await ready;
  side.replaceChildren(...parts(user()));
  current(shown);
  if (user()) count();
}

function foot(signedIn) {
  const select = (label, values, name, value, changed) => h("label", null, label,
    h("select", { onchange: (event) => changed(event.target.value) },
      values.map((v) => h("option", { value: v, selected: v === value }, t(`${name}.${v}`)))));
  return h("div.foot", null,
    signedIn && h("p.who", null, user().email),
    select(t("language"), choices, "language", language, tongue),
    select(t("look"), ["system", "light", "dark"], "look", localStorage.getItem(keptLook) ?? "system", (to) => {
      localStorage.setItem(keptLook, to);
      look(to);
    }),
    signedIn && h("button", { type: "button", id: "sign-out", onclick: () => leave() }, t("signOut")));
}

// tongue changes the language of the page, and that of the account, which the API's sentences have.
async function tongue(to) {
  speak(to);
  if (user()) await change({ locale: to }).catch(() => {}); // not registered yet: it will be in this language
  draw();
  refresh();
}

/** current marks the view that is shown. */
export function current(title) {
  shown = title;
  for (const a of side.querySelectorAll("a")) {
    if (a.dataset.title === title) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
  }
  open(false);
}

/** count shows how many notices are unread. */
export async function count() {
  const { unreadCount } = await get("/v1/inbox?limit=1").catch(() => ({}));
  const link = side.querySelector('[data-title="nav.inbox"]');
  link?.querySelector(".count")?.remove();
  if (unreadCount) link?.append(h("span.count", null, String(unreadCount), h("span.unseen", null, ` ${t("inbox.unread")}`)));
}
