/**
 * Follows the log from a position on, without an end: a stream that ends or breaks is opened again at the position that
 * it had reached, so that every event arrives once and in order.
 */

import { Refused, lines } from "../lib/api.js";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;
const HEARTBEAT = "5s"; // a silent connection that is dead is noticed after three of them
const SILENCE_MS = 15000;

// Statuses after which a retry is useless: the request is wrong, or not allowed.
const FINAL = new Set([400, 401, 403, 404]);

/**
 * Yield what comes after a position: { record }, { gap }, or { connected } when that changes.
 *
 * `start` is { seq, logId }; `signal` ends it without an error. Throws Refused if a retry
 * would not help: rights are missing, or this is another log than before.
 */
export async function* follow(query, start, signal) {
    let seq = start.seq;
    let pauseMs = FIRST_PAUSE_MS;
    while (!signal.aborted) {
        try {
            const asked = [...query, ["after_seq", seq], ["heartbeat_interval", HEARTBEAT]];
            if (start.logId) asked.push(["log_id", start.logId]);
            for await (const line of watched("/v1/events", asked, signal)) {
                if (line.error) break; // the next request is refused, if that is how it is
                pauseMs = FIRST_PAUSE_MS;
                if (line.heartbeat) {
                    seq = line.heartbeat.seq;
                    yield { connected: true };
                } else if (line.gap) {
                    seq = line.gap.resumeSeq ?? line.gap.lastSeq ?? seq;
                    yield { gap: line.gap };
                } else {
                    for (const record of line.batch.records) {
                        seq = record.seq;
                        yield { record };
                    }
                }
            }
        } catch (error) {
            if (signal.aborted) return;
            if (isFinal(error)) throw error;
        }
        yield { connected: false };
        await pause(pauseMs * (0.5 + Math.random() / 2), signal);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
}

/** Yield the lines of a stream, and end it if it sends nothing for longer than its heartbeat interval. */
async function* watched(path, query, signal) {
    const ended = new AbortController();
    const end = () => ended.abort();
    signal.addEventListener("abort", end, { once: true });
    let timer = setTimeout(end, SILENCE_MS);
    try {
        for await (const line of lines(path, query, { signal: ended.signal })) {
            clearTimeout(timer);
            timer = setTimeout(end, SILENCE_MS);
            yield line;
        }
    } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        end();
    }
}

/** Return whether a retry would not help. */
export function isFinal(error) {
    return error instanceof Refused && FINAL.has(error.status);
}

/** Wait a number of milliseconds, or until `signal` ends it. */
export function pause(ms, signal) {
    return new Promise((resolve) => {
        const end = () => {
            clearTimeout(timer);
            signal.removeEventListener("abort", end); // a signal may live for days, and wait for a server as long
            resolve();
        };
        const timer = setTimeout(end, ms);
        signal.addEventListener("abort", end);
    });
}
