// A series: several looks of one sitting, whose mean says more than one photo.
import { follow, get, post, remove } from "../core/api.js";
import { h, say } from "../core/dom.js";
import { action, load, stalled } from "../core/load.js";
import { notice } from "../core/problem.js";
import { go } from "../core/router.js";
import { bytes, moment, number, t } from "../core/text.js";
import { band, curve } from "../parts/scale.js";
import { asJPEG } from "../scan/picture.js";
import { drop, waiting } from "../scan/shelf.js";
import { sources } from "../scan/source.js";
import { deliver } from "../scan/upload.js";

export function view({ signal, params: [id] }) {
  const path = `/v1/series/${id}`;
  const heading = h("h1", null, t("series.title")), when = h("p.muted");
  return [h("div.head", null, heading, when), load(signal, () => get(path, { signal }), (series) => {
    heading.textContent = t(series.state === "open" ? "series.title" : "series.done");
    when.textContent = series.finishedAt ? moment(series.finishedAt) : "";
    return series.state === "open" ? taking(series, path, signal) : finished(series);
  })];
}

// taking shows the looks with what has come of each, and takes the next.
function taking(series, path, signal) {
  const looks = h("ol.looks"), studio = h("div.stack"), [trouble, paused] = stalled();
  const sent = new Map(); // by the scan's id: what to say of a photo that is under way
  let now = series, key;
  const next = () => now.scans.find((scan) => scan.state === "open" && !sent.has(scan.id));
  const draw = () => looks.replaceChildren(...now.scans.map((scan, i) => look(scan, i, scan === next(), sent.get(scan.id))));
  const taken = async (photo) => {
    const scan = next();
    if (!scan) return;
    sent.set(scan.id, t("series.sending"));
    draw();
    offer();
    try {
      await deliver(await ticket(key, scan.id, signal), await asJPEG(photo), {
        signal, waiting: paused, renew: () => ticket(key, scan.id, signal),
        sent: (done, all) => { sent.set(scan.id, t("way.sent", { done: bytes(done), all: bytes(all) })); draw(); },
      });
      sent.set(scan.id, t("series.measuring"));
      say(t("series.measuring"));
    } catch (fault) {
      if (signal.aborted) return;
      sent.delete(scan.id);
      trouble.replaceChildren(notice(fault));
      offer();
    }
    draw();
  };
  const offer = () => {
    const at = next();
    const i = now.scans.indexOf(at);
    studio.replaceChildren(...(!key ? [h("p.muted", null, t("series.elsewhere"))] : at ? [
      h("p.lead", null, at.instruction.detail),
      sources({ signal, taken, shown: [`series_${i + 1}`], other: false }),
    ] : [h("p.lead", { role: "status" }, t("scan.wait"))]));
  };
  draw();
  waiting().then((kept) => { key = kept.find((entry) => entry.series === series.id)?.key; offer(); });
  follow(path, { signal, waiting: paused, seen: (state) => { now = state; draw(); } }).then(async () => {
    if (key) await drop(key);
    if (!signal.aborted) go(`#/series/${series.id}`, { instead: true });
  }, (fault) => { if (!signal.aborted) trouble.replaceChildren(notice(fault)); });
  return [h("p.lead", null, t("series.text")), looks, trouble, studio, early(series, () => now)];
}

// ticket returns a fresh one for the scan.
async function ticket(key, id, signal) {
  const { uploads } = await post("/v1/series", { photos: 3, contentType: "image/jpeg" }, { signal, headers: { "Idempotency-Key": key } });
  return uploads.find((one) => one.scanId === id)?.upload;
}

const look = (scan, i, next, told) => h("li.look", { "data-state": scan.state, "aria-current": next ? "step" : null },
  h("span.nth", { "aria-hidden": "true" }, String(i + 1)),
  h("div", null, h("h2", null, t("series.look", { n: i + 1 })), scan.score ? band(scan.score)
    : h("p.muted.small", null, scan.failureCode ? t(`failed.${scan.failureCode}`) : told ?? t(next ? "series.now" : "series.later"))));

// early ends the series with the photos that there are.
const early = (series, now) => h("div", null, action("button.quiet", t("series.early"), async () => {
  for (const scan of now().scans.filter((one) => one.state === "open")) await remove(`/v1/scans/${scan.id}`);
}));

function finished(series) {
  const gone = h("div", null, action("button.quiet", t("series.delete"), async () => {
    if (!confirm(t("series.delete.sure"))) return;
    await remove(`/v1/series/${series.id}`);
    go("#/timeline");
  }));
  return [
    h("div.hero", null,
      h("ol.looks.tall-looks", null, series.scans.map(ended)),
      h("div.stack", null, series.score ? [curve(series.score), h("p", null, t("series.mean", { n: number(series.photos) }))]
        : h("div.notice", null, h("h2", null, t("series.failed")), h("p", null, t("series.failed.text"))))),
    h("p.row", null, h("a.button.primary", { href: "#/photo" }, t("way.#/photo")), h("a.button", { href: "#/timeline" }, t("nav.timeline"))),
    gone,
  ];
}

const ended = (scan, i) => h("li.look", { "data-state": scan.leftOut ? "failed" : scan.state },
  h("span.nth", { "aria-hidden": "true" }, String(i + 1)),
  h("div.stack", null, h("h2", null, scan.state === "completed" || scan.state === "failed"
    ? h("a", { href: `#/scans/${scan.id}` }, t("series.look", { n: i + 1 })) : t("series.look", { n: i + 1 })),
  scan.score && h("div", null, band(scan.score), h("p.small.muted", null, t("score.interval", {
    value: number(scan.score.value), lo: number(scan.score.lo), hi: number(scan.score.hi) }))),
  scan.leftOut && h("p.small", null, scan.leftOut.detail)));
