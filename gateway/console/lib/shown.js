/** How times, numbers and sizes are written, in the reader's own language and time zone. */

const CLOCK = new Intl.DateTimeFormat(undefined, {
    hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23",
});
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const NUMBER = new Intl.NumberFormat();
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];
const SPANS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

/** Return a time of day, with the date unless it is today. `at` is RFC 3339, or empty. */
export function clock(at, now = new Date()) {
    if (!at) return "";
    const date = new Date(at);
    const time = CLOCK.format(date);
    return date.toDateString() === now.toDateString() ? time : `${DAY.format(date)} ${time}`;
}

/** Return a duration in its largest unit: "3 min". */
export function span(seconds) {
    const [unit, size] = SPANS.find(([, least]) => seconds >= least) ?? SPANS.at(-1);
    return `${NUMBER.format(Math.floor(seconds / size))} ${unit}`;
}

/** Return a span in the largest unit that says it without loss: "36 h". */
export function wholeSpan(seconds) {
    const [unit, size] = SPANS.find(([, each]) => seconds % each === 0) ?? SPANS.at(-1);
    return `${NUMBER.format(seconds / size)} ${unit}`;
}

/** Return how long ago a time was; empty = never. */
export function ago(at, now = Date.now()) {
    return at ? `${span(Math.max(0, (now - new Date(at)) / 1000))} ago` : "";
}

/** Return a whole number, which may be a string as in proto3 JSON. */
export function count(value) {
    return NUMBER.format(BigInt(value ?? 0));
}

/** Return a size in bytes in a unit that fits. */
export function size(bytes) {
    let value = Number(bytes);
    let unit = 0;
    while (value >= 1024 && unit < UNITS.length - 1) {
        value /= 1024;
        unit += 1;
    }
    return `${value.toFixed(unit && value < 100 ? 1 : 0)} ${UNITS[unit]}`;
}

/**
 * Return the beginning of a text that is too long for its place.
 *
 * It is a copy: in JavaScript engines a slice can refer to the whole text, and keep a megabyte in memory for one line.
 */
export function short(text, limit = 200) {
    if (text.length <= limit) return text;
    return Array.from(text.slice(0, limit)).concat("…").join("");
}

/** Return the text that is encoded as base64; bytes that are not UTF-8 become replacement characters. */
export function decoded(base64) {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    return new TextDecoder().decode(bytes);
}
