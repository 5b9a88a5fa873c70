/** How many events each bucket of an interval has, by group. */

import { ask } from "../lib/api.js";
import { nameOf } from "../systems/systems.js";
import { bucketOf, rfc3339 } from "./spans.js";

const KEYS = { system: "COUNT_KEY_SYSTEM", type: "COUNT_KEY_TYPE", source: "COUNT_KEY_SOURCE" };
const GROUPS = 8; // as many as there are colours
const REST = "others";

/**
 * Return { starts, groups } of a span: the beginning of each bucket in seconds since 1970, and of
 * each group its name, its total, its events in each bucket, and the name of its colour in the
 * style sheets; the largest first.
 */
export async function counted(query, span, by, signal) {
    const bucket = bucketOf(span);
    const first = Math.floor(span.from / bucket) * bucket;
    const size = Math.ceil((span.until - first) / bucket);
    const groups = new Map();
    for await (const { startTime, events, [by]: name = "" } of all(query, span, by, bucket, signal)) {
        if (!groups.has(name)) groups.set(name, { name, total: 0, events: new Array(size).fill(0) });
        const group = groups.get(name);
        const place = Math.floor((Date.parse(startTime) / 1000 - first) / bucket);
        group.events[place] += Number(events);
        group.total += Number(events);
    }
    const starts = Array.from({ length: size }, (_, place) => first + place * bucket);
    const sorted = [...groups.values()].sort((one, two) => two.total - one.total);
    const shown = sorted.length > GROUPS ? merged(sorted) : sorted;
    // a system has its colour everywhere
    const colour = by === "system" ? ({ name }) => nameOf(name) : (_, place) => `c${place}`;
    return { starts, bucket, groups: shown.map((group, place) => ({ ...group, colour: colour(group, place) })) };
}

/** Yield all counts, page by page: counts of the same group on several pages are added. */
async function* all(query, span, by, bucket, signal) {
    const asked = [
        ...query, ["from_time", rfc3339(span.from)], ["until_time", rfc3339(span.until)],
        ["bucket", `${bucket}s`], ["group_by", KEYS[by]],
    ];
    let token = "";
    do {
        const page = await ask("/v1/records:count", token ? [...asked, ["page_token", token]] : asked, { signal });
        yield* page.counts ?? [];
        token = page.nextPageToken ?? "";
    } while (token);
}

/** Return groups, with the small ones combined into one. */
function merged(groups) {
    const rest = { name: REST, total: 0, events: groups[0].events.map(() => 0) };
    for (const group of groups.slice(GROUPS - 1)) {
        rest.total += group.total;
        group.events.forEach((count, place) => { rest.events[place] += count; });
    }
    return [...groups.slice(0, GROUPS - 1), rest];
}

/** Return the sums of each group and all before it: what a stacked chart draws. */
export function stacked(groups) {
    let below = null;
    return groups.map(({ events }) => {
        below = events.map((count, place) => count + (below?.[place] ?? 0));
        return below;
    });
}
