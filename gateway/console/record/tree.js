/** JSON as a tree: objects and lists that open and close, and texts that are never read as HTML. */

import { html, useSignal } from "../lib/kit.js";
import { count, short } from "../lib/shown.js";

const OPEN_DEPTH = 4;
const LONG = 300; // characters of a text that are shown at first
const MANY = 200; // members that are shown at first

/** A value with its name; `depth` is its nesting level. */
export function Tree({ name = null, value, depth = 0 }) {
    if (value === null || typeof value !== "object") {
        return html`<div class="leaf">${name !== null && html`<b>${name}</b>`} <${Leaf} value=${value} /></div>`;
    }
    return html`<${Branch} name=${name} value=${value} depth=${depth} />`;
}

function Branch({ name, value, depth }) {
    const isOpen = useSignal(depth < OPEN_DEPTH);
    const limit = useSignal(MANY);
    const members = Object.entries(value);
    const kind = Array.isArray(value) ? `[${count(members.length)}]` : `{${count(members.length)}}`;
    // closed nodes have no elements: some payloads have many thousands
    const inside = isOpen.value ? members.slice(0, limit.value) : [];
    return html`
        <details open=${isOpen.value} onToggle=${(event) => { isOpen.value = event.currentTarget.open; }}>
            <summary>${name !== null && html`<b>${name}</b>`} <span class="kind">${kind}</span></summary>
            ${inside.map(([key, item]) => html`<${Tree} key=${key} name=${key} value=${item} depth=${depth + 1} />`)}
            ${isOpen.value && members.length > limit.value && html`
                <button type="button" onClick=${() => { limit.value += MANY; }}>${count(members.length - limit.value)} more</button>`}
        </details>`;
}

function Leaf({ value }) {
    const isWhole = useSignal(false);
    if (typeof value !== "string") return html`<span class=${typeof value}>${String(value)}</span>`;
    const isLong = value.length > LONG && !isWhole.value;
    return html`
        <bdi class="string">${isLong ? short(value, LONG) : value}</bdi>
        ${isLong && html` <button type="button" onClick=${() => { isWhole.value = true; }}>all ${count(value.length)} characters</button>`}`;
}
