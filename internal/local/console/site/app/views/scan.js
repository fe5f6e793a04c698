// One scan: on its way, failed, or with its result.
import { follow, get, remove } from "../core/api.js";
import { h } from "../core/dom.js";
import { action, load } from "../core/load.js";
import { go } from "../core/router.js";
import { moment, t } from "../core/text.js";
import { failure } from "../parts/failure.js";
import { pictures } from "../parts/pictures.js";
import { checks, contributions, fixes, metrics, standing } from "../parts/result.js";
import { curve } from "../parts/scale.js";

export function view({ signal, params: [id] }) {
  const path = `/v1/scans/${id}`;
  return load(signal, () => get(path, { signal }), (scan, again) => {
    if (scan.state === "completed") return completed(scan, signal);
    if (scan.state === "failed") return failed(scan);
    if (scan.state === "expired") return [h("h1", null, t("scan.expired")), h("p.lead", null, t("scan.expired.text")), onward()];
    follow(path, { signal }).then(again, () => {}); // load shows what goes wrong
    return [h("h1", null, t(`scan.${scan.state}`)), h("p.lead", null, t("scan.wait"))];
  });
}

const onward = () => h("p.row", null, h("a.button.primary", { href: "#/photo" }, t("way.#/photo")));

function completed(scan, signal) {
  const { result } = scan;
  return [
    h("div.head", null, h("h1", null, t("result.title")), h("p.muted", null, moment(scan.finishedAt))),
    scan.seriesId && h("p", null, h("a", { href: `#/series/${scan.seriesId}` }, t("result.ofSeries"))),
    h("div.hero", null,
      load(signal, () => get(`/v1/scans/${scan.id}/images`, { signal }), (images) => pictures(images, result, signal)),
      h("div.stack.wide", null, curve(result.score), standing(scan), fixes(result.fixes), contributions(result.score))),
    metrics(result),
    checks(result),
    h("footer.row.apart", null, h("p.small.muted", null, t("result.engine", { engine: result.engine })), del(scan)),
  ];
}

const failed = (scan) => [h("h1", null, t("failed.title")), failure(scan.failure), onward(), del(scan)];

function del(scan) {
  return h("div", null, action("button.quiet", t("scan.delete"), async () => {
    if (!confirm(t("scan.delete.sure"))) return;
    await remove(`/v1/scans/${scan.id}`);
    go("#/timeline");
  }));
}
