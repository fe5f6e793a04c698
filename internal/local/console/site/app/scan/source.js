// Where a photo comes from: camera, file, or a test photo.
import { base } from "../core/api.js";
import { h } from "../core/dom.js";
import { load } from "../core/load.js";
import { Problem, fromFetch, notice } from "../core/problem.js";
import { has, t } from "../core/text.js";
import { tabs } from "../parts/tabs.js";
import { camera } from "./camera.js";
import { photoOf } from "./picture.js";

/** sources returns tabs of them. taken gets each photo, once it is one that the API may take, and what
 * its ticket announces if that is not what it is. shown are the codes of the test photos that have a
 * picture; other says whether the others are listed, too. */
export function sources({ signal, taken, shown: codes = faces, other = true }) {
  const kinds = {
    test: (at) => tests({ signal: at, taken, codes, other }),
    file: () => file(taken),
    camera: (at) => camera({ signal: at, taken }),
  };
  return tabs({
    id: "tab", label: t("source.label"), signal, show: (kind, at) => kinds[kind](at),
    names: Object.fromEntries(Object.keys(kinds).map((kind) => [kind, t(`source.${kind}`)])),
  });
}

function file(taken) {
  const trouble = h("div", { role: "alert" });
  const changed = async (event) => {
    const [chosen] = event.target.files;
    event.target.value = "";
    if (!chosen) return;
    const photo = await photoOf(chosen);
    trouble.replaceChildren();
    if (photo?.size) await taken(photo);
    else trouble.replaceChildren(notice(new Problem("no_picture")));
  };
  const input = (id, label, more) => h("div", null, h("label.button", { for: id }, label),
    h("input.unseen", { id, type: "file", accept: "image/*", onchange: changed, ...more }));
  return h("div.stack.card.offer", null, h("p", null, t("file.text")),
    h("div.row", null, input("choose", t("file.choose")), input("capture", t("file.capture"), { capture: "user" })), trouble);
}

const faces = ["completed", "completed_high", "completed_low", "completed_dark_skin", "completed_other", "warning_side_light"];
// A page may not send the header that this one needs, as production's rules have it.
const unsendable = ["content_encoded"];

function tests({ signal, taken, codes, other }) {
  const ask = async () => {
    try {
      return await (await fetch(new URL("/dev/photos", base), { signal })).json();
    } catch (fault) {
      throw fromFetch(fault);
    }
  };
  return load(signal, ask, ({ photos }) => {
    const box = h("div", { role: "alert" });
    const one = (photo, picture) => h("li", null, tile(photo, box, taken, picture));
    const first = codes.map((code) => photos.find((p) => p.code === code)).filter(Boolean);
    const rest = photos.filter((p) => !codes.includes(p.code) && !unsendable.includes(p.code));
    const part = (state) => h("details", { "data-state": state }, h("summary", null, t(`tests.${state}`)),
      h("ul.list", null, rest.filter((p) => p.outcome.state === state).map((p) => one(p, false))));
    return [box, h("ul.gallery", null, first.map((p) => one(p, true))), other && part("completed"), other && part("failed")];
  });
}

function tile(photo, box, taken, picture) {
  const own = has(`test.${photo.code}`);
  const choose = async () => {
    try {
      const data = await (await fetch(photo.url)).blob();
      box.replaceChildren();
      await taken(data, { contentType: photo.contentType, sha256: photo.sha256 });
    } catch (fault) {
      box.replaceChildren(notice(fromFetch(fault), choose));
    }
  };
  return h(picture ? "button.test" : "button.quiet", { type: "button", "data-code": photo.code, onclick: choose },
    picture && h("img", { src: photo.url, alt: "", loading: "lazy", width: 160, height: 200 }),
    h("span", { lang: own ? null : "en" }, own ? t(`test.${photo.code}`) : photo.shows));
}
