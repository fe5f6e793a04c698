// The way of one photo: ticket, upload, analysis, each as it happens.
import { follow } from "../core/api.js";
import { h } from "../core/dom.js";
import { ended, stalled } from "../core/load.js";
import { notice } from "../core/problem.js";
import { go, refresh } from "../core/router.js";
import { bytes, t } from "../core/text.js";
import { drop, taken } from "../scan/shelf.js";
import { upload } from "../scan/upload.js";
import { steps } from "../parts/steps.js";

const names = ["ticket", "upload", "queue", "measure", "result"];

export function view({ signal, params: [key] }) {
  const [trouble, paused] = stalled();
  const way = steps(names.map((name) => [name, t(`way.${name}`)]));
  const picture = h("figure.subject");
  travel(key, { signal, way, trouble, paused, picture });
  return [h("h1", null, t("way.title")), h("p.lead", null, t("way.lead")),
    h("div.split.travel", null, way.element, picture), trouble];
}

async function travel(key, { signal, way, trouble, paused, picture }) {
  try {
    const entry = await taken(key);
    if (!entry) return go("#/timeline", { instead: true });
    show(picture, entry.photo, signal);
    way.begin("ticket");
    const scan = await upload(entry, {
      signal, waiting: paused, opened: () => way.begin("upload"),
      sent: (done, all) => way.tell("upload", t("way.sent", { done: bytes(done), all: bytes(all) }), done / all),
    });
    way.begin("queue");
    const last = await follow(`/v1/scans/${scan.id}`, {
      signal, waiting: paused,
      seen: ({ state }) => { if (state === "processing") way.begin("measure"); },
    });
    await drop(key);
    way.begin("result");
    return !signal.aborted && go(`#/scans/${last.id}`, { instead: true });
  } catch (fault) {
    if (signal.aborted || fault.name === "AbortError") return undefined;
    if (fault.code === "photo_too_large") await drop(key);
    await ended(fault);
    way.stop();
    return trouble.replaceChildren(notice(fault, refresh));
  }
}

function show(picture, photo, signal) {
  const url = URL.createObjectURL(photo);
  signal.addEventListener("abort", () => URL.revokeObjectURL(url), { once: true });
  picture.replaceChildren(h("img", { src: url, alt: t("photo.alt") }), h("figcaption.small.muted", null, t("way.stays")));
}
