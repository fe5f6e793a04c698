// Times and amounts as operators read them.
import { language, number } from "../core/text.js";

/** clock formats a time of the day, to the millisecond. */
export const clock = (time) => new Intl.DateTimeFormat(language, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hour12: false,
}).format(new Date(time));

/** lasted formats a duration in milliseconds. */
export const lasted = (ms) => (ms >= 1000 ? `${number(ms / 1000, 2)} s` : `${number(ms, ms < 10 ? 1 : 0)} ms`);

const digits = (time) => /\.(\d+)/.exec(time)?.[1].padEnd(9, "0").slice(0, 9) ?? "000000000";

/** millis returns a time of Go's in milliseconds since 1970, with what is below one. */
export const millis = (time) => Math.floor(Date.parse(time) / 1000) * 1000 + Number(digits(time)) / 1e6;
