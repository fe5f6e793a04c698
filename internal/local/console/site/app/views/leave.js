// The erasure of the account, and its receipt, which is verified here. The address of the receipt is
// told once, so this browser keeps it.
import { call, persist, remove } from "../core/api.js";
import { h } from "../core/dom.js";
import { action, load } from "../core/load.js";
import { verify } from "../core/receipt.js";
import { go } from "../core/router.js";
import { leave, user } from "../core/session.js";
import { moment, number, t } from "../core/text.js";
import { waiting, drop } from "../scan/shelf.js";

const name = "facescan.receipt";

/** kept returns the address of the receipt of an account that this browser has erased, or null. */
export const kept = () => localStorage.getItem(name);

export function view({ signal }) {
  const url = kept();
  return [h("h1", null, t(url && !user() ? "receipt.title" : "nav.leave")),
    user() && ask(), url && load(signal, () => receipt(url, signal), shown),
    !user() && !url && h("p.lead", null, t("receipt.none")), !user() && h("p", null, h("a.button", { href: "#/" }, t("way.#/")))];
}

function ask() {
  const sure = h("input", { type: "checkbox", id: "erase-sure" });
  const box = action("button.danger", t("leave.go"), async () => {
    if (!sure.checked) return sure.focus();
    const { receiptUrl } = await remove("/v1/me");
    localStorage.setItem(name, receiptUrl);
    for (const { key } of await waiting()) await drop(key);
    await leave();
    return go("#/leave", { instead: true });
  });
  box[0].id = "erase";
  return h("section.card.stack.narrow", null, h("p", null, t("leave.text")),
    h("p", null, h("a", { href: "#/export" }, t("leave.export"))),
    h("label.row.tick", null, sure, h("span", null, t("leave.sure"))), h("div", null, box));
}

// over forgets a receipt whose time is over, or that an earlier run of the stack has signed.
function over(fault) {
  if (fault.code !== "not_found") throw fault;
  localStorage.removeItem(name);
  return null;
}

async function receipt(url, signal) {
  const { pathname } = new URL(url);
  const options = { open: true, signal, headers: { Accept: "application/json" } };
  for (;;) {
    const told = await persist(() => call("GET", pathname, options), { signal }).catch(over);
    if (!told) return null;
    if (told.state === "erased") {
      const says = await verify(told.receipt, await call("GET", "/v1/erasures/key", options));
      return { url, says, told };
    }
    await new Promise((done) => setTimeout(done, 1000));
    signal.throwIfAborted();
  }
}

const shown = (found) => (found ? verified(found) : h("p", null, t("receipt.over")));

const verified = ({ url, says, told }) => h("section.card.stack", null,
  h("h2.verified", null, t("receipt.verified")), h("p", null, t("receipt.text", { at: moment(says.erasedAt) })),
  h("div.scroll", { tabindex: "0", role: "region", "aria-label": t("receipt.stores") }, h("table", null,
    h("thead", null, h("tr", null, ["store", "deleted", "left"].map((name) => h("th", { scope: "col" }, t(`receipt.${name}`))))),
    h("tbody", null, says.stores.map((one) => h("tr", null, h("td", null, one.store), h("td", null, number(one.deleted)), h("td", null, number(one.left))))))),
  h("h3", null, t("receipt.residuals")), h("ul.ticks", null, says.residuals.map((one) => h("li", null, t("receipt.gone", { what: one.what, at: moment(one.gone) })))),
  h("p.small.muted", null, t("receipt.until", { at: moment(told.expiresAt) }), " ", h("a", { href: url }, t("receipt.page"))),
  h("details", null, h("summary", null, t("receipt.raw")), h("code.raw", null, told.receipt)));
