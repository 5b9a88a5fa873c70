/** Filters as chips. They are stored in the address: a click only changes it. */

import { html, useRef } from "../lib/kit.js";
import { address, go, route } from "../lib/route.js";
import { KINDS, SINGLE } from "../stream/filters.js";
import { SYSTEMS, labelOf } from "../systems/systems.js";

/** Return the address with one more filter, or without it if it is set. */
export function toggled(kind, value) {
    const { view, params } = route.value;
    const had = params.getAll(kind).includes(value);
    const rest = [...params].filter(([name, text]) => name !== kind || (text !== value && !SINGLE.has(kind)));
    return address(view, had ? rest : [...rest, [kind, value]]);
}

/** The chips of the active filters, and a form to add one. */
export function Filters({ chips }) {
    return html`
        <div class="filters">
            <div class="toggles" role="group" aria-label="Systems">
                ${SYSTEMS.map(({ name, label }) => html`
                    <button type="button" class=${`system ${name}`} aria-pressed=${hasChip(chips, "system", name)}
                        onClick=${() => go(toggled("system", name))}>${label}</button>`)}
            </div>
            <${AddFilter} />
            <${Chips} chips=${chips} />
        </div>`;
}

/** The active filters, each with a button that removes it. */
export function Chips({ chips }) {
    return chips.length > 0 && html`<ul class="chips" aria-label="Filters">${chips.map(chip)}</ul>`;
}

function hasChip(chips, kind, value) {
    return chips.some(([name, text]) => name === kind && text === value);
}

function chip([kind, value]) {
    const { label } = KINDS.find(({ name }) => name === kind);
    const shown = kind === "system" ? labelOf(value) : value;
    return html`<li key=${`${kind} ${value}`}>
        <span>${label}: <b>${shown}</b></span>
        <button type="button" aria-label=${`Remove the filter ${label} ${shown}`} onClick=${() => go(toggled(kind, value))}>×</button>
    </li>`;
}

function AddFilter() {
    const kind = useRef(null);
    const value = useRef(null);
    const add = (event) => {
        event.preventDefault();
        const text = value.current.value.trim();
        if (text && !route.value.params.getAll(kind.current.value).includes(text)) {
            go(toggled(kind.current.value, text));
        }
        value.current.value = "";
    };
    return html`
        <form class="add" onSubmit=${add}>
            <select ref=${kind} aria-label="Kind of filter">
                ${KINDS.toReversed().map(({ name, label }) => html`<option value=${name}>${label}</option>`)}
            </select>
            <input ref=${value} aria-label="Value of the filter" placeholder="job/web, words …" autocomplete="off" spellcheck=${false} />
            <button type="submit">Filter</button>
        </form>`;
}
