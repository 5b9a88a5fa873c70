/** Tidings itself: what the log holds, how it grows, its readers, and the state of each source. */

import { ask } from "../lib/api.js";
import { html, useRef } from "../lib/kit.js";
import { usePolled } from "../lib/polled.js";
import { address } from "../lib/route.js";
import { ago, clock, count, size, span, wholeSpan } from "../lib/shown.js";
import { labelOf, nameOf } from "../systems/systems.js";

const EVERY_S = 5;

export function RecorderView() {
    const found = usePolled((signal) => ask("/v1/log/status", [], { signal }), EVERY_S);
    const first = useRef(null);
    const { value, problem, at } = found.value;
    if (value && !problem) first.current ??= { value, at };
    return html`
        <section class="recorder" aria-label="Recorder">
            ${problem && html`<p class="problem" role="alert">${problem}</p>`}
            ${value && html`
                <${Log} status=${value} at=${at} first=${first.current} />
                <${Systems} systems=${value.systems ?? []} />
                <${Sources} sources=${value.sources ?? []} />
                <${Readers} calls=${value.openCalls} work=${value.work} />`}
        </section>`;
}

function Log({ status, at, first }) {
    const { store } = status;
    const seconds = Math.max(0, at - first.at) / 1000;
    const records = Number(status.headSeq ?? 0) - Number(first.value.headSeq ?? 0);
    const grown = store ? Number(store.sizeBytes ?? 0) - Number(first.value.store?.sizeBytes ?? 0) : 0;
    const facts = [
        ["Newest position", count(status.headSeq)],
        ["Records per second", seconds ? (records / seconds).toFixed(1) : "…"],
        ["Store", store ? `${store.kind}, ${size(store.sizeBytes ?? 0)}` : "needs management rights"],
        ["Retention of all systems", store?.retentionMaxBytes ? `at most ${size(store.retentionMaxBytes)}` : ""],
        ["Free on its disk", store?.diskFreeBytes ? `${size(store.diskFreeBytes)} of ${size(store.diskSizeBytes)}` : ""],
        ["Index", status.index ? `through ${count(status.index.throughSeq)}` : ""],
        ["Growth", store && seconds ? `${size(Math.max(0, grown))} in ${span(seconds)}` : "…"],
        ["Mean time of a publish", status.work ? meanOf(status.work, first.value.work) : ""],
        ["Version", status.version],
        ["Id of the log", status.logId],
    ];
    return html`<h2>Log</h2><dl class="facts">${facts.filter(([, text]) => text).map(([name, text]) => html`
        <div key=${name}><dt>${name}</dt><dd>${text}</dd></div>`)}</dl>`;
}

function Systems({ systems }) {
    const rows = systems.map((each) => [
        html`<a href=${address("live", [["system", nameOf(each.system)]])}>${labelOf(each.system)}</a>`,
        count(each.recordCount),
        size(each.sizeBytes ?? 0),
        each.firstSeq ? `${each.firstSeq} – ${each.lastSeq}` : "",
        keptOf(each.retention),
        each.trimmedThroughSeq ?? "",
        html`<span title=${each.lastRecordedAt}>${ago(each.lastRecordedAt)}</span>`,
    ]);
    return html`<h2>Systems</h2>
        <${Table} label="Systems" heads=${["System", "Records", "Size", "Positions", "Retention", "Removed through", "Newest"]} rows=${rows} />`;
}

/** What retention keeps of a system, in words. */
function keptOf({ maxAge, maxRecords, maxBytes, minRecords } = {}) {
    const bounds = [
        maxAge && wholeSpan(parseFloat(maxAge)),
        maxRecords && `${count(maxRecords)} records`,
        maxBytes && size(maxBytes),
    ].filter(Boolean);
    if (!bounds.length) return "everything";
    return [...bounds, minRecords > 1 && `at least ${count(minRecords)} records`].filter(Boolean).join(", ");
}

function Sources({ sources }) {
    if (!sources.length) {
        return html`<h2>Sources</h2><p>No source is configured, or you may see none: see [sources.NAME] in the configuration file.</p>`;
    }
    const rows = sources.map((each) => [
        html`<a href=${address("live", [["source", each.source]])}>${each.source}</a>`,
        labelOf(each.system ?? ""),
        html`<span class=${each.connected ? "good" : "bad"}>${stateOf(each)}</span> ${each.reason}`,
        html`<span title=${each.lastEventAt}>${ago(each.lastEventAt)}</span>`,
        each.lag ? `${parseFloat(each.lag).toFixed(1)} s` : "",
        count(each.events),
        size(each.bytes ?? 0),
        count(each.gaps),
        count(each.errors),
    ]);
    const heads = ["Source", "System", "State", "Last event", "Lag", "Events", "Bytes", "Gaps", "Errors"];
    return html`<h2>Sources</h2><${Table} label="Sources" heads=${heads} rows=${rows} />`;
}

function stateOf({ connected, staleSince, since, required }) {
    const state = connected ? "connected" : staleSince ? "stale" : "not connected";
    return `${state}${required ? ", required" : ""}, since ${clock(staleSince ?? since)}`;
}

/** How long publishing has taken on average since the page was opened, or since the start. */
function meanOf(work, before) {
    const seconds = (status) => parseFloat(status?.publishTime ?? "0");
    const publishes = Number(work.publishCount ?? 0) - Number(before?.publishCount ?? 0);
    return publishes > 0 ? `${((1000 * (seconds(work) - seconds(before))) / publishes).toFixed(1)} ms` : "none was published";
}

function Readers({ calls, work = {} }) {
    if (!calls) return null;
    const rows = calls.map(({ method, count: open = 0 }) => [method, count(open)]);
    return html`<h2>Readers</h2>
        <p>${work.subscriberCount
            ? `The slowest of ${count(work.subscriberCount)} is ${count(work.slowestSubscriberLag)} positions behind.`
            : "Nobody follows the log now."}</p>
        <${Table} label="Open calls" heads=${["Call", "Open"]} rows=${rows} />`;
}

function Table({ label, heads, rows }) {
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${label}><table>
        <thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
        <tbody>${rows.map((cells) => html`<tr>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
    </table></div>`;
}
