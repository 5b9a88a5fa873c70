/** A table of events; a click on a value filters by it. */

import { html, useSignal } from "../lib/kit.js";
import { go, here } from "../lib/route.js";
import { clock } from "../lib/shown.js";
import { VirtualRows } from "../lib/virtual.js";
import { identifier } from "../stream/filters.js";
import { labelOf } from "../systems/systems.js";
import { toggled } from "./filters.js";

const COLUMNS = ["Time", "System", "Type", "What", "Where", "Source"];

/** `rows` is a Rows; `onEnd()` is called where older ones are wanted. */
export function EventTable({ rows, onEnd }) {
    const active = useSignal("");
    const open = (row) => {
        if (row.kind === "event") go(here({ record: row.seq }));
    };
    return html`<${VirtualRows} rows=${rows} columns=${COLUMNS} cells=${cells} active=${active}
        label="Events, newest first" onOpen=${open} onEnd=${onEnd}
        onValue=${({ dataset }) => go(toggled(dataset.kind, dataset.value))}
        onScrolled=${(isAtTop) => rows.hold("scrolled", !isAtTop)} />`;
}

/** Return a short identifier: of a UUID its beginning. */
function shortId(value) {
    return /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(value) ? value.slice(0, 8) : value;
}

/** A value; a click on it filters by it. */
function button(kind, value, text = value, className = "") {
    return value && html`<button type="button" class=${`value ${className}`} tabindex="-1" data-kind=${kind} data-value=${value}>${text}</button>`;
}

function cells(row) {
    if (row.kind === "gap") return html`<span role="gridcell" class="wide">${row.what}</span>`;
    const id = row.ids.find(([, value]) => value !== row.type); // a Consul event's type is its name
    const isNamespace = row.where && row.where === row.namespace;
    return html`
        <time role="gridcell" datetime=${row.at} title=${row.at}>${clock(row.at)}</time>
        <span role="gridcell">${button("system", row.system, labelOf(row.system), `system ${row.system}`)}</span>
        <span role="gridcell">${button("type", row.type)}</span>
        <span role="gridcell" class="what">${id && button("identifier", identifier(id), shortId(id[1]), "id")}
            ${" "}<span>${row.what}</span></span>
        <span role="gridcell">${isNamespace ? button("namespace", row.namespace) : row.where}</span>
        <span role="gridcell">${button("source", row.source)}</span>`;
}
