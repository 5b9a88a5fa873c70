/** One record: its content, as a tree and as JSON, and the records before and after it. */

import { ask } from "../lib/api.js";
import { html, useEffect, useRef, useSignal } from "../lib/kit.js";
import { go, here, route } from "../lib/route.js";
import { ago, clock, decoded } from "../lib/shown.js";
import { token } from "../lib/token.js";
import { WITH_OBJECTS, objectAddress, titleOf } from "../objects/objects.js";
import { chipsOf, identifier, queryOf } from "../stream/filters.js";
import { labelOf, rowsOf } from "../systems/systems.js";
import { toggled } from "../views/filters.js";
import { commandsOf } from "./commands.js";
import { Copy } from "./copy.js";
import { Tree } from "./tree.js";

const NEIGHBOURS = 3;

/** The record at a position, next to the view from which it was opened. */
export function RecordPanel({ seq }) {
    const found = useSignal({});
    const heading = useRef(null);
    useEffect(() => {
        const ended = new AbortController();
        found.value = {};
        read(seq, ended.signal).then(
            (record) => { found.value = { record }; },
            (error) => { if (!ended.signal.aborted) found.value = { problem: error.message }; },
        );
        heading.current.focus();
        return () => ended.abort();
    }, [seq, token.value]);
    const close = () => go(here({ record: null }));
    const { record, problem } = found.value;
    return html`
        <aside class="record" aria-label=${`Record ${seq}`} onKeyDown=${(event) => event.key === "Escape" && close()}>
            <header>
                <h2 tabindex="-1" ref=${heading}>Record ${seq}</h2>
                <button type="button" aria-label="Close the record" onClick=${close}>×</button>
            </header>
            ${problem && html`<p class="problem" role="alert">${problem}</p>`}
            ${record && html`<${Content} record=${record} />`}
        </aside>`;
}

async function read(seq, signal) {
    const { record } = await ask(`/v1/records/${encodeURIComponent(seq)}`, [], { signal });
    return record;
}

function Content({ record }) {
    const isRaw = useSignal(false);
    const raw = JSON.stringify(record, null, 2);
    const { publisher = {} } = record;
    return html`
        <dl>
            <dt>Stored</dt><dd>${clock(record.recordedAt)} <small>${ago(record.recordedAt)}</small></dd>
            ${publisher.door && html`<dt>Published</dt>
                <dd>${[publisher.principal, publisher.door, publisher.peer].filter(Boolean).join(", ")}</dd>`}
        </dl>
        ${rowsOf(record).map((row) => html`<${Values} key=${row.key} row=${row} />`)}
        <div class="bar" role="group" aria-label="Form">
            <button type="button" aria-pressed=${!isRaw.value} onClick=${() => { isRaw.value = false; }}>Tree</button>
            <button type="button" aria-pressed=${isRaw.value} onClick=${() => { isRaw.value = true; }}>JSON</button>
            <${Copy} name="JSON" text=${raw} />
            ${commandsOf(record.seq, token.value !== "").map(([name, text]) => html`<${Copy} key=${name} name=${name} text=${text} />`)}
        </div>
        ${isRaw.value
            ? html`<pre tabindex="0" aria-label="JSON">${raw}</pre>`
            : html`<div class="tree">${record.events.map((event, place) => html`<${Tree} key=${place} value=${legible(event)} />`)}</div>`}
        <${Neighbours} seq=${record.seq} />`;
}

/** Links to events with the same values. */
function Values({ row }) {
    const values = [
        ["system", row.system, labelOf(row.system)], ["type", row.type], ["namespace", row.namespace],
        ["source", row.source], ...row.ids.map((id) => ["identifier", identifier(id)]),
    ];
    return html`<p class=${`values ${row.tone}`}><bdi>${row.what}</bdi></p>
        <ul class="chips" aria-label="Filter by">${values.filter(([, value]) => value).map(([kind, value, text = value]) => html`
            <li key=${kind + value}><a href=${toggled(kind, value)}>${kind}: <b>${text}</b></a></li>`)}
            ${objectsOf(row).map(([kind, id]) => html`
                <li key=${`history ${kind} ${id}`}><a href=${objectAddress(row.system, kind, id)}>history of ${kind} <b>${titleOf({ id })}</b></a></li>`)}
        </ul>`;
}

/** Return the kinds and ids of a row's identifiers that have a history. */
function objectsOf({ system, ids }) {
    return WITH_OBJECTS.has(system) ? ids.filter(([kind]) => kind) : [];
}

/** Return an event with texts in place of values that JSON can only contain as base64. */
function legible(event) {
    const copy = structuredClone(event);
    if (copy.consul?.Payload) copy.consul.Payload = decoded(copy.consul.Payload);
    if (copy.nomad?.payloadJson) copy.nomad.payloadJson = JSON.parse(decoded(copy.nomad.payloadJson));
    return copy;
}

/** The records before and after this one, among those that the filters select. */
function Neighbours({ seq }) {
    const found = useSignal([]);
    const chips = chipsOf(route.value.params);
    useEffect(() => {
        const ended = new AbortController();
        const page = (query) => ask("/v1/records", [...queryOf(chips), ["page_size", NEIGHBOURS], ...query], { signal: ended.signal });
        Promise.all([
            page([["after_seq", seq]]),
            page([["before_seq", seq], ["order", "READ_ORDER_NEWEST_FIRST"]]),
        ]).then(([newer, older]) => {
            found.value = [...(newer.records ?? []).toReversed(), ...(older.records ?? [])].map((record) => rowsOf(record)[0]);
        }, () => {}); // the record itself says what is wrong
        return () => ended.abort();
    }, [seq, JSON.stringify(chips), token.value]);
    return html`
        <nav aria-label="Neighbours"><h3>Before and after</h3><ol>
            ${found.value.map((row) => html`<li key=${row.key}><a href=${here({ record: row.seq })}>
                <small>${BigInt(row.seq) > BigInt(seq) ? "later" : "before"}</small>
                ${" "}<time>${clock(row.at)}</time> <b>${labelOf(row.system)}</b> ${row.type} <bdi>${row.what}</bdi></a></li>`)}
        </ol></nav>`;
}
