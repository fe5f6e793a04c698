// Photos that are not measured yet stay in this browser until the API has them, so that a page that
// was closed in between goes on.
import { user } from "../core/session.js";

const settled = (request) => new Promise((done, failed) => {
  request.onsuccess = () => done(request.result);
  request.onerror = () => failed(request.error);
});

async function shelf(mode) {
  const request = indexedDB.open("facescan-photos", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("waiting", { keyPath: "key" });
  return (await settled(request)).transaction("waiting", mode).objectStore("waiting");
}

/** keep puts an entry with a key there, for the user. */
export const keep = async (entry) => settled((await shelf("readwrite")).put({ ...entry, user: user().uid }));

/** drop removes it. */
export const drop = async (key) => settled((await shelf("readwrite")).delete(key));

/** waiting returns the user's entries. */
export async function waiting() {
  const all = await settled((await shelf("readonly")).getAll());
  return all.filter((entry) => entry.user === user()?.uid);
}

/** taken returns the user's entry of the key, or undefined. */
export const taken = async (key) => (await waiting()).find((entry) => entry.key === key);
