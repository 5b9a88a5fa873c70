/** Time intervals to show, as in the address, and buckets that fit into them. */

/** Intervals that end now, by their name in the address, in seconds. */
export const SPANS = { "15m": 900, "1h": 3600, "6h": 21600, "24h": 86400, "7d": 604800, "30d": 2592000 };
const DEFAULT = "24h";

// Lengths of buckets in seconds: round times on a clock.
const BUCKETS = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10800, 21600, 86400, 604800];
const WANTED = 200; // bars at most

/** Return { from, until, name } of an address; `name` is empty if the address has both ends. Seconds since 1970. */
export function spanOf(params, now_s = Date.now() / 1000) {
    const from = Date.parse(params.get("from") ?? "") / 1000;
    const until = Date.parse(params.get("until") ?? "") / 1000;
    if (from < until) return { from, until, name: "" };
    const name = params.get("span") in SPANS ? params.get("span") : DEFAULT;
    return { from: now_s - SPANS[name], until: now_s, name };
}

/** Return the parameters of an address for a span between two times. */
export function between(from, until) {
    return { from: rfc3339(from), until: rfc3339(until), span: null };
}

/** Return a span of another length around the same middle: 2 = twice as long. */
export function zoomed({ from, until }, factor) {
    const half = ((until - from) / 2) * factor;
    const middle = (from + until) / 2;
    return between(middle - half, middle + half);
}

/** Return a span moved by a part of its own length. */
export function moved({ from, until }, part) {
    const by = (until - from) * part;
    return between(from + by, until + by);
}

/** Return the length of the buckets of a span, in seconds. */
export function bucketOf({ from, until }) {
    return BUCKETS.find((bucket) => (until - from) / bucket <= WANTED) ?? BUCKETS.at(-1);
}

/** Return a time as the API takes it. */
export function rfc3339(seconds) {
    return new Date(seconds * 1000).toISOString();
}
