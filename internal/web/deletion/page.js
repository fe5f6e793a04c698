"use strict";
const form = document.getElementById("deletion");
const button = document.getElementById("delete");
const message = document.getElementById("status");

function say(text) {
  message.textContent = text;
  message.focus();
}

async function call(method, path, headers, body) {
  const answer = await fetch(path, { method, headers, body, cache: "no-store", credentials: "omit" });
  const content = await answer.json();
  if (answer.ok) {
    return content;
  }
  throw content;
}

function explain(problem) {
  switch (problem.code) {
    case "user_disabled":
      return "This user may not sign in. If the deletion has been asked for elsewhere, it is under way.";
  }
  return problem.detail || "The server could not be reached. Nothing was confirmed: please try again.";
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
  say("Your account is being deleted.");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  try {
    await deleteAccount();
  } catch (problem) {
    if (problem.status === 401) {
      session = {};
    }
    say(explain(problem));
  } finally {
    button.disabled = false;
  }
});
form.hidden = false;
