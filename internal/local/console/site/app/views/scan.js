// One scan: on its way, failed, or with its result.
import { follow, get, remove } from "../core/api.js";
import { h } from "../core/dom.js";
import { action, load, stalled } from "../core/load.js";
import { go } from "../core/router.js";
import { moment, t } from "../core/text.js";
import { failure } from "../parts/failure.js";
import { pictures } from "../parts/pictures.js";
import { checks, contributions, fixes, metrics, standing } from "../parts/result.js";
import { curve } from "../parts/scale.js";

export function view({ signal, params: [id] }) {
  const path = `/v1/scans/${id}`;
  const heading = h("h1", null, t("nav.result")), when = h("p.muted");
  const titled = (key, ...shown) => { heading.textContent = t(key); return shown; };
  return [h("div.head", null, heading, when), load(signal, () => get(path, { signal }), (scan, again) => {
    when.textContent = scan.finishedAt ? moment(scan.finishedAt) : "";
    if (scan.state === "completed") return titled("result.title", completed(scan, signal));
    if (scan.state === "failed") return titled("failed.title", failed(scan));
    if (scan.state === "expired") return titled("scan.expired", h("p.lead", null, t("scan.expired.text")), onward());
    const [trouble, waiting] = stalled();
    follow(path, { signal, waiting }).then(again, again); // load shows what goes wrong
    return titled(`scan.${scan.state}`, h("p.lead", null, t("scan.wait")), trouble);
  })];
}

const onward = () => h("p.row", null, h("a.button.primary", { href: "#/photo" }, t("way.#/photo")));

function completed(scan, signal) {
  const { result } = scan;
  return [
    scan.seriesId && h("p", null, h("a", { href: `#/series/${scan.seriesId}` }, t("result.ofSeries"))),
    h("div.hero", null,
      load(signal, () => get(`/v1/scans/${scan.id}/images`, { signal }), (images, again) => pictures(images, result, signal, again)),
      h("div.stack.wide", null, curve(result.score), standing(scan), fixes(result.fixes), contributions(result.score))),
    metrics(result),
    checks(result),
    h("footer.row.apart", null, h("p.small.muted", null, t("result.engine", { engine: result.engine })), del(scan)),
  ];
}

const failed = (scan) => [failure(scan.failure), onward(), del(scan)];

function del(scan) {
  return h("div", null, action("button.quiet", t("scan.delete"), async () => {
    if (!confirm(t("scan.delete.sure"))) return;
    await remove(`/v1/scans/${scan.id}`);
    go("#/timeline");
  }));
}
