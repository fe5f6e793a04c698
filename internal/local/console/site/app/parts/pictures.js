// The pictures of a scan: the overlay, and the halves that are mirrored.
import { h } from "../core/dom.js";
import { t } from "../core/text.js";

const image = (items, name, attributes) => {
  const found = items.find((i) => i.name === name);
  return found && h("img", { src: found.url, alt: t(`image.${name}`), ...attributes });
};

/** pictures shows the overlay, and below it the halves beside the face as it is. */
export function pictures({ items }) {
  const three = ["left-left", "crop", "right-right"].map((name) => [name, image(items, name)]).filter(([, found]) => found);
  return [
    h("figure.overlay", null, image(items, "overlay"), h("figcaption.small.muted", null, t("image.legend"))),
    three.length > 0 && h("section.stack", null, h("h2", null, t("halves.title")),
      h("ul.halves", null, three.map(([name, found]) => h("li", null, h("figure", null, found, h("figcaption.small.muted", null, t(`halves.${name}`)))))),
      h("p.small.muted", null, t("halves.text"))),
  ];
}
