// Who is signed in, by the Firebase JS SDK against the Auth emulator, and the profile of the user.
import { initializeApp } from "../../vendor/firebase-app.js";
import {
  connectAuthEmulator, createUserWithEmailAndPassword, indexedDBLocalPersistence, initializeAuth, onIdTokenChanged,
  signInWithEmailAndPassword, signOut,
} from "../../vendor/firebase-auth.js";
import { call } from "./api.js";
import { Problem, asProblem } from "./problem.js";
import { language } from "./text.js";

const { auth: address, project } = document.documentElement.dataset;
const auth = initializeAuth(initializeApp({ apiKey: "local", projectId: project }), {
  persistence: indexedDBLocalPersistence,
});
// The SDK's own warning is a style in an element, which the policy of this page forbids.
connectAuthEmulator(auth, address, { disableWarnings: true });

let profile = null;
let over = null; // what has ended the last sign-in
let entering = false; // while enter is at work, whose caller goes on itself

export const ready = auth.authStateReady();
export const user = () => auth.currentUser;

/** idToken returns the token of the user, which the SDK refreshes, and does now if it is to be fresh. */
export async function idToken(fresh = false) {
  await ready;
  if (!auth.currentUser) throw new Problem("token_missing");
  try {
    return await auth.currentUser.getIdToken(fresh);
  } catch (fault) {
    throw asProblem(fault);
  }
}

/** watch tells of each change of the user, also of one in another tab. */
export function watch(changed) {
  let was;
  onIdTokenChanged(auth, (now) => {
    const uid = now?.uid ?? null;
    if (was !== undefined && uid !== was && !entering) {
      profile = null;
      changed(uid);
    }
    was = uid;
  });
}

const registration = () => call("POST", "/v1/auth/register", { body: { locale: language } });

/** enter signs in, or signs up, and registers, as an app does after each sign-in. */
export async function enter(email, password, { anew = false } = {}) {
  entering = true;
  try {
    await (anew ? createUserWithEmailAndPassword : signInWithEmailAndPassword)(auth, email, password);
    profile = await registration();
    return profile;
  } catch (fault) {
    throw asProblem(fault);
  } finally {
    entering = false;
  }
}

/** me returns the profile; fresh asks the API again. A user who has never registered is. */
export async function me({ fresh = false, signal } = {}) {
  if (profile && !fresh) return profile;
  try {
    profile = await call("GET", "/v1/me", { signal });
  } catch (fault) {
    if (fault.code !== "not_registered") throw fault;
    profile = await registration();
  }
  return profile;
}

/** change changes the profile. */
export async function change(to) {
  profile = await call("PATCH", "/v1/me", { body: to });
  return profile;
}

/** forget has the profile read anew. */
export function forget() {
  profile = null;
}

/** leave signs out. If that is not the user's wish, code says why, and at is the address to which the
 * same user comes back. */
export async function leave({ at, code } = {}) {
  if (auth.currentUser) over = code ? { uid: auth.currentUser.uid, at, code } : null;
  await signOut(auth);
}

/** endedBy returns the code of the problem that has ended the last sign-in, or null. */
export const endedBy = () => over?.code ?? null;

/** cameFrom returns, once, the address that the user was at when the sign-in ended, or null. */
export function cameFrom() {
  const was = over;
  over = null;
  return was?.uid === auth.currentUser.uid ? was.at : null;
}
