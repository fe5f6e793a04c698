// Everything that is kept of the user, as a zip whose checksum is compared here.
import { get, poll, post } from "../core/api.js";
import { h } from "../core/dom.js";
import { action, load, stalled } from "../core/load.js";
import { Problem, fromFetch } from "../core/problem.js";
import { bytes, moment, t } from "../core/text.js";

export const view = ({ signal }) => [
  h("h1", null, t("nav.export")), h("p.lead", null, t("export.lead")),
  load(signal, () => present(signal), (made, again) => show(made, again, signal)),
];

async function present(signal) {
  try {
    return await get("/v1/me/export", { signal });
  } catch (fault) {
    if (fault.code === "not_found") return null;
    throw fault;
  }
}

function show(made, again, signal) {
  if (made?.state === "queued") {
    const [trouble, waiting] = stalled();
    poll("/v1/me/export", "wait=25", { signal, waiting }).then(again, again);
    return [h("p.card", { role: "status" }, t("export.queued")), trouble];
  }
  const ask = h("div", null, action("button.primary", t("export.ask"), async () => { await post("/v1/me/export"); again(); }));
  if (made?.state !== "ready") return h("div.card.stack", null, made && h("p", null, t("export.failed")), h("p", null, t("export.none")), ask);
  const outcome = h("p", { role: "status" });
  return h("div.card.stack", null, h("h2", null, t("export.ready")),
    h("p", null, t("export.size", { size: bytes(made.bytes), until: moment(made.expiresAt) })), h("p.small.muted", null, "SHA-256 ", h("code", null, made.sha256)),
    h("div", null, action("button.primary", t("export.download"), async () => download(await get("/v1/me/export", { signal }), outcome, signal))), outcome);
}

async function download(made, outcome, signal) {
  let file;
  try {
    file = await (await fetch(made.url, { signal })).blob();
  } catch (fault) {
    throw fromFetch(fault);
  }
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  if ([...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("") !== made.sha256) throw new Problem("checksum");
  const url = URL.createObjectURL(file);
  h("a", { href: url, download: "facescan-export.zip" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  outcome.textContent = t("export.right");
}
