// The birth year and the agreement, whose text is the API's.
import { get, post } from "../core/api.js";
import { h } from "../core/dom.js";
import { doing, load } from "../core/load.js";
import { go } from "../core/router.js";
import { change, forget, me } from "../core/session.js";
import { date, t } from "../core/text.js";

export const view = ({ signal }) => [
  h("h1", null, t("consent.title")),
  h("p.lead", null, t("consent.lead")),
  load(signal, async () => [await me({ signal }), await get("/v1/me/consent", { signal })], form),
];

function form([profile, status]) {
  const { current, consent } = status;
  const trouble = h("div", { role: "alert" });
  const year = h("input", { id: "year", inputmode: "numeric", pattern: "[0-9]{4}", required: true, autocomplete: "bday-year", "aria-describedby": "year-why" });
  const sure = h("input", { id: "sure", type: "checkbox", required: true });
  const agree = (event) => {
    event.preventDefault();
    doing(event.submitter, trouble, async () => {
      if (!profile.birthYear) await change({ birthYear: Number(year.value) });
      await post("/v1/me/consent", { version: current.version, appVersion: "console" });
      forget();
      go("#/photo");
    });
  };
  if (consent.state === "granted" && consent.version === current.version && profile.birthYear) {
    return [h("p.card", null, t("consent.given", { date: date(consent.changedAt) })), text(current),
      h("p.row", null, h("a.button.primary", { href: "#/photo" }, t("way.#/photo")))];
  }
  return [text(current), h("form.stack.narrow", { onsubmit: agree },
    !profile.birthYear && h("div", null, h("label", { for: "year" }, t("consent.year")), year,
      h("p.small.muted", { id: "year-why" }, t("consent.year.text"))),
    h("label.row.tick", null, sure, h("span", null, t("consent.sure"))),
    h("div.row", null, h("button.primary", { id: "agree" }, t("consent.agree")), h("a.button.quiet", { href: "#/" }, t("consent.later"))),
    trouble)];
}

const text = (current) => h("article.card.legal.stack", null,
  h("h2", null, t("consent.purpose")), current.purpose.split("\n").map((p) => p.trim() && h("p", null, p)),
  h("h2", null, t("consent.retention")), current.retention.split("\n").map((p) => p.trim() && h("p", null, p)),
  h("p.small.muted", null, t("consent.version", { version: current.version })));
