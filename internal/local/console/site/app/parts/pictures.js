// The pictures of a scan: the face with its measures, the overlay, and the mirrored halves.
import { h } from "../core/dom.js";
import { t } from "../core/text.js";
import { measures } from "./measures.js";
import { tabs } from "./tabs.js";

/** pictures shows them one at a time. again asks for them anew: their addresses hold for minutes. */
export function pictures({ items }, { metrics }, signal, again) {
  const image = (name) => {
    const found = items.find((i) => i.name === name);
    if (!found) return h("p.muted", null, t("image.gone"));
    const broken = () => made.replaceWith(h("div.notice", { role: "alert" }, h("p", null, t("image.broken")),
      h("p", null, h("button", { type: "button", onclick: again }, t("again")))));
    const made = h("img", { src: found.url, alt: t(`image.${name}`), onerror: broken });
    return made;
  };
  const shown = {
    measures: () => measures(image("crop"), metrics),
    overlay: () => h("figure.overlay", null, image("overlay"), h("figcaption.small.muted", null, t("image.legend"))),
    halves: () => h("div.stack", null, h("ul.halves", null, ["left-left", "crop", "right-right"].map((name) =>
      h("li", null, h("figure", null, image(name), h("figcaption.small.muted", null, t(`halves.${name}`)))))),
    h("p.small.muted", null, t("halves.text"))),
  };
  return tabs({
    id: "picture", label: t("picture.label"), signal, show: (name) => shown[name](),
    names: Object.fromEntries(Object.keys(shown).map((name) => [name, t(`picture.${name}`)])),
  });
}
