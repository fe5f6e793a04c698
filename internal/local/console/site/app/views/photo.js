// Take a photo: one, or a series of three looks.
import { post } from "../core/api.js";
import { h } from "../core/dom.js";
import { action, doing, load } from "../core/load.js";
import { go } from "../core/router.js";
import { me } from "../core/session.js";
import { bytes, t } from "../core/text.js";
import { drop, keep, waiting } from "../scan/shelf.js";
import { sources } from "../scan/source.js";

export function view({ signal }) {
  return [
    h("h1", null, t("photo.title")),
    load(signal, async () => [await me({ signal }), await waiting()], ([profile, kept]) => {
      if (profile.consent.state !== "granted" || !profile.birthYear) return go("#/consent", { instead: true });
      return [left(kept), chooser(signal)];
    }),
  ];
}

// left has the photos of an earlier visit that are not measured yet.
function left(kept) {
  const photos = kept.filter((entry) => entry.photo);
  return photos.length > 0 && h("section.notice", null, h("h2", null, t("photo.left")), h("p", null, t("photo.left.text")),
    h("ul.stack", null, photos.map((entry) => {
      const row = h("li.row", null, h("a.button", { href: `#/way/${entry.key}` }, t("photo.left.go")),
        h("button.quiet", { type: "button", onclick: async () => { await drop(entry.key); row.remove(); } }, t("photo.left.drop")));
      return row;
    })));
}

function chooser(signal) {
  const trouble = h("div", { role: "alert" });
  const review = h("div");
  const single = h("div", null, review, sources({ signal, taken: (photo, announced) => confirm(photo, announced, review) }));
  const begin = h("button.primary", { type: "button", id: "series", onclick: () => doing(begin, trouble, series) }, t("series.begin"));
  return h("div.split", null, single,
    h("aside.stack", null,
      h("section.card.stack", null, h("h2", null, t("series.title")), h("p.muted", null, t("series.text")), h("p", null, begin), trouble),
      h("section.stack", null, h("h2", null, t("tips.title")), h("ul.ticks", null,
        ["distance", "light", "straight", "bare"].map((tip) => h("li", null, t(`tips.${tip}`)))))));
}

// confirm shows the photo before it is sent.
function confirm(photo, announced, review) {
  const url = URL.createObjectURL(photo);
  const again = () => { review.replaceChildren(); URL.revokeObjectURL(url); };
  const [send, trouble] = action("button.primary", t("photo.measure"), async () => {
    const key = crypto.randomUUID();
    await keep({ key, photo, announced });
    go(`#/way/${key}`);
  });
  send.id = "measure";
  review.replaceChildren(h("section.card.review", null, h("img", { src: url, alt: t("photo.alt") }),
    h("div.stack", null, h("h2", null, t("photo.ready")), h("p.muted", null, t("photo.size", { size: bytes(photo.size), type: photo.type || "?" })),
      h("div.row", null, send, h("button", { type: "button", onclick: again }, t("photo.other"))), trouble)));
  review.scrollIntoView({ block: "nearest" });
  send.focus({ preventScroll: true });
}

// series opens one, whose key stays here for the tickets of its later photos.
async function series() {
  const key = crypto.randomUUID();
  const { series: opened } = await post("/v1/series", { photos: 3, contentType: "image/jpeg" }, { headers: { "Idempotency-Key": key } });
  await keep({ key, series: opened.id });
  go(`#/series/${opened.id}`);
}
