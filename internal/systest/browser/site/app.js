// The least app around the guide's module: what it says is in #status, and what it shows next is
// the form that is not hidden.
import * as guide from "./guide.js";

const at = (id) => document.getElementById(id);
const say = (text) => { at("status").textContent = text; };

function show(form) {
  for (const each of document.forms) each.hidden = each.id !== form;
}

// on has a tap do the work, and says how that failed.
function on(id, work) {
  at(id).addEventListener("click", async () => {
    try {
      await work();
    } catch (fault) {
      say(`${fault.name}: ${fault.code ?? fault.message}`);
    }
  });
}

const credentials = () => [at("email").value, at("password").value];

async function enter(profile) {
  if (profile.consent.state === "granted") {
    show("scan");
    return say("signed in");
  }
  const text = await guide.consentText();
  at("purpose").textContent = text.purpose;
  at("retention").textContent = text.retention;
  at("agree").dataset.version = text.version;
  show("consent");
  say("registered");
}

on("sign-up", async () => enter(await guide.signUp(...credentials())));
on("sign-in", async () => enter(await guide.signIn(...credentials())));

on("agree", async () => {
  await guide.declare(Number(at("year").value));
  await guide.agree(at("agree").dataset.version);
  show("scan");
  say("agreed");
});

async function present(scan) {
  if (scan.state !== "completed") return say(`${scan.state}: ${scan.failure?.code}`);
  const { value, lo, hi } = scan.result.score;
  const pictures = await guide.images(scan.id);
  at("pictures").replaceChildren(...pictures.map(({ name, url }) => Object.assign(new Image(), { alt: name, src: url })));
  const original = await fetch(pictures.find(({ name }) => name === "original").url);
  const { size } = await original.blob();
  say(`completed: ${value}, ${lo} to ${hi}; original of ${size} bytes; scan ${scan.id}`);
}

on("measure", async () => {
  say("measuring");
  await present(await guide.measure(at("photo").files[0]));
});

on("sign-out", async () => {
  await guide.leaveForNow();
  show("sign");
  say("signed out");
});

on("leave", async () => {
  const receipt = await guide.leave();
  show("sign");
  say(receipt);
});

// A page that is opened again goes on with what waits.
await guide.auth.authStateReady();
if (guide.auth.currentUser) {
  show("scan");
  const photos = await guide.waiting();
  say(`signed in; ${photos.length} waiting`);
  for (const { photo, key } of photos) await present(await guide.measure(photo, key));
}
document.body.dataset.ready = "yes";
