// The sign-in. Ada is a user as any other: where `make run SEED=1` has not made her, she signs up.
import { h } from "../core/dom.js";
import { doing } from "../core/load.js";
import { address, go } from "../core/router.js";
import { cameFrom, change, endedBy, enter } from "../core/session.js";
import { draw } from "../core/shell.js";
import { has, t } from "../core/text.js";
import { kept } from "./leave.js";
import { portrait } from "../parts/portrait.js";

const ada = { email: "ada@example.com", password: "correct horse ada", birthYear: 1990 };

async function asAda() {
  try {
    await enter(ada.email, ada.password);
  } catch (fault) {
    if (fault.code !== "invalid_credentials") throw fault;
    await enter(ada.email, ada.password, { anew: true });
  }
}

/** arrive goes on after a sign-in: to the consent, if there is none in force, else to what the address
 * names, or to where the user was. */
async function arrive(profile) {
  draw();
  const left = cameFrom() ?? "#/?";
  const wanted = /^\/(\?|$)/.test(address()) ? left : location.hash;
  go(profile.consent.state === "granted" ? wanted : "#/consent");
}

const signedOut = (code) => h("div.notice", { role: "status", "data-code": code },
  code && h("p.title", null, t(`problem.${code}`)), code && has(`problem.${code}.text`) && h("p", null, t(`problem.${code}.text`)),
  h("p", null, t("start.signedOut")), kept() && h("p", null, h("a.button", { href: "#/leave" }, t("way.#/leave"))));

export function view({ query }) {
  const trouble = h("div", { role: "alert" });
  const email = h("input", { id: "email", type: "email", autocomplete: "email", required: true });
  const password = h("input", { id: "password", type: "password", autocomplete: "current-password", required: true, minlength: 6 });
  const submit = (event) => {
    event.preventDefault();
    const anew = event.submitter?.id === "sign-up";
    doing(event.submitter, trouble, async () => arrive(await enter(email.value, password.value, { anew })));
  };
  const tryAda = (event) => doing(event.currentTarget, trouble, async () => {
    await asAda();
    await arrive(await change({ birthYear: ada.birthYear }));
  });
  return h("div.welcome", null,
    h("div.stack.wide", null,
      (query.has("signedout") || endedBy()) && signedOut(endedBy()),
      h("h1", null, t("start.title")),
      h("p.lead", null, t("start.lead")),
      h("div.card.stack", null,
        h("button.primary.tall", { type: "button", id: "ada", onclick: tryAda }, t("start.ada")),
        h("p.small.muted", null, t("start.ada.text")),
        trouble,
        h("hr"),
        h("form.stack", { onsubmit: submit },
          h("div.field", null, h("label", { for: "email" }, t("start.email")), email),
          h("div.field", null, h("label", { for: "password" }, t("start.password")), password),
          h("div.row", null,
            h("button", { id: "sign-in" }, t("start.signIn")),
            h("button", { id: "sign-up" }, t("start.signUp")))))),
    h("div.stack", null, portrait(), h("ul.facts", null,
      ["measured", "local", "gone"].map((fact) => h("li", null, h("h2", null, t(`start.${fact}`)), h("p.muted", null, t(`start.${fact}.text`)))))));
}
