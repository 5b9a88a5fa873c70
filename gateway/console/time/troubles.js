/** What was not recorded in a span: gaps that sources reported, and times when a source was not connected. */

import { ask } from "../lib/api.js";
import { listObjects } from "../objects/objects.js";
import { rfc3339 } from "./spans.js";

const PAGE = 1000;

/**
 * Return { gaps, outages } of a span: pairs of times in seconds since 1970, with a text for each; or
 * with `isHidden`, if the reader may not know.
 */
export async function troublesOf(span, signal) {
    try {
        const [told, lost] = await Promise.all([toldIn(span, signal), lostAt(span.from, signal)]);
        return { gaps: told.filter(({ sourceGap }) => sourceGap).map(gap), outages: outages(told, lost, span.until) };
    } catch (error) {
        if (error.status !== 403) throw error;
        return { gaps: [], outages: [], isHidden: true };
    }
}

/** Return what Tidings told of its sources in a span, oldest first. */
async function toldIn({ from, until }, signal) {
    const asked = [["system", "tidings"], ["from_time", rfc3339(from)], ["until_time", rfc3339(until)], ["page_size", PAGE]];
    const records = [];
    let token = "";
    do {
        const page = await ask("/v1/records", token ? [...asked, ["page_token", token]] : asked, { signal });
        records.push(...(page.records ?? []));
        token = page.nextPageToken ?? "";
    } while (token);
    return records.flatMap((record) => record.events.map((event) => ({ at: secondsOf(record.recordedAt), ...event.tidings })));
}

/** Return the sources that were not connected at a time, with the time when that was told. */
async function lostAt(at, signal) {
    const { objects } = await listObjects([["systems", "tidings"], ["kinds", "source"], ["at", rfc3339(at)]], signal);
    return new Map(objects.filter(({ status }) => status !== "connected").map(({ id, recordedAt }) => [id, secondsOf(recordedAt)]));
}

function secondsOf(time) {
    return Date.parse(time) / 1000;
}

function gap({ at, sourceGap }) {
    return { from: at, until: at, text: `Gap of ${sourceGap.source}: ${sourceGap.reason ?? ""}` };
}

/** Return the times between a source's end and its next beginning; `lost` are those that had ended before. */
function outages(told, lost, until) {
    const found = [];
    for (const { at, sourceState } of told) {
        if (!sourceState) continue;
        const { source, connected } = sourceState;
        if (!connected && !lost.has(source)) lost.set(source, at);
        if (connected && lost.has(source)) {
            found.push({ from: lost.get(source), until: at, text: `${source} was not connected` });
            lost.delete(source);
        }
    }
    for (const [source, from] of lost) found.push({ from, until, text: `${source} is not connected` });
    return found;
}
