// What the console says, in the language of the person. The strings are in app/text, a file for
// each language with the same keys.
import en from "../text/en.js";
import de from "../text/de.js";
import operatorEn from "../text/operator-en.js";
import operatorDe from "../text/operator-de.js";

const languages = { en: { ...en, ...operatorEn }, de: { ...de, ...operatorDe } };
const kept = "facescan.language";

function preferred() {
  const chosen = localStorage.getItem(kept);
  if (chosen in languages) return chosen;
  return navigator.languages.map((l) => l.slice(0, 2)).find((l) => l in languages) ?? "en";
}

export let language = preferred();
document.documentElement.lang = language;

export const choices = Object.keys(languages);

/** speak changes the language, for this visit and the next. */
export function speak(to) {
  localStorage.setItem(kept, to);
  language = to;
  document.documentElement.lang = to;
}

/** t returns the string of the key, with the values in the place of their names in braces. */
export function t(key, values = {}) {
  const text = languages[language][key] ?? languages.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** has reports whether there is a string of the key. */
export const has = (key) => key in languages[language];

/** number formats one with at most so many digits behind the point. */
export const number = (value, digits = 0) =>
  new Intl.NumberFormat(language, { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value);

/** date and moment format a time of the API. */
export const date = (time) => new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(time));
export const moment = (time) =>
  new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));

const units = [["MB", 1e6], ["kB", 1e3]];

/** bytes formats a size. */
export function bytes(count) {
  const [unit, one] = units.find(([, least]) => count >= least) ?? ["B", 1];
  return `${number(count / one, one > 1 && count / one < 10 ? 1 : 0)} ${unit}`;
}
