"use strict";
const form = document.getElementById("deletion"), ask = document.getElementById("ask");
const button = document.getElementById("delete"), send = document.getElementById("send");
const message = document.getElementById("status"), sent = document.getElementById("sent");
// What the page says, in its language.
const says = document.getElementById("says").dataset;

function say(where, text) {
  where.textContent = text;
  where.focus();
}

async function call(method, path, headers, body) {
  headers = { ...headers, "Accept-Language": document.documentElement.lang };
  const answer = await fetch(path, { method, headers, body, cache: "no-store", credentials: "omit" });
  const content = answer.status === 202 && path !== "/v1/me" ? {} : await answer.json();
  if (answer.ok) {
    return content;
  }
  throw content;
}

function explain(problem) {
  switch (problem.code) {
    case "user_disabled":
      return says.disabled;
    case "rate_limited":
      return problem.asked ? says.limited : problem.detail;
  }
  return problem.detail || says.lost;
}

// busy runs work, while its form shows that it does and cannot be sent again.
async function busy(of, its, work) {
  its.disabled = true;
  of.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    its.disabled = false;
    of.removeAttribute("aria-busy");
  }
}

// Of the last login and for whom. The deletion locks the user, so if its answer is lost, only this token gets it again.
let session = {};

// The token of the last sign-in says that this browser has signed in before, so that strangers who guess at the password
// cannot keep it out. A browser that stores nothing does without.
const kept = {
  get() {
    try {
      return localStorage.getItem("clientToken") || undefined;
    } catch {
      return undefined;
    }
  },
  set(token) {
    try {
      if (token) {
        localStorage.setItem("clientToken", token);
      } else {
        localStorage.removeItem("clientToken");
      }
    } catch { }
  },
};

async function login(email, password) {
  const credentials = JSON.stringify({ email, password, clientToken: kept.get() });
  const answer = await call("POST", "/v1/auth/login", { "Content-Type": "application/json" }, credentials);
  kept.set(answer.clientToken);
  return { email, password, idToken: answer.idToken };
}

async function deleteAccount() {
  const email = form.elements.email.value, password = form.elements.password.value;
  if (session.email !== email || session.password !== password) {
    session = await login(email, password);
  }
  const erasure = await call("DELETE", "/v1/me", { Authorization: "Bearer " + session.idToken });
  kept.set();
  const link = document.getElementById("link");
  link.href = erasure.receiptUrl;
  link.textContent = erasure.receiptUrl;
  document.getElementById("receipt").hidden = false;
  form.reset();
  form.hidden = true;
  say(message, says.deleting);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  await busy(form, button, async () => {
    try {
      await deleteAccount();
    } catch (problem) {
      if (problem.status === 401) {
        session = {};
      }
      say(message, explain(problem));
    }
  });
});

ask.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = JSON.stringify({ email: ask.elements.address.value, locale: document.documentElement.lang });
  await busy(ask, send, async () => {
    try {
      await call("POST", "/v1/account-deletion", { "Content-Type": "application/json" }, body);
      say(sent, says.sent);
    } catch (problem) {
      say(sent, explain({ code: problem.code, detail: problem.detail, asked: true }));
    }
  });
});

form.hidden = ask.hidden = false;
