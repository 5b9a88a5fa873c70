/** How many events there were at which time: a histogram, and a table of its events. */

import { html, useEffect, useRef, useSignal } from "../lib/kit.js";
import { go, here, route } from "../lib/route.js";
import { clock, count } from "../lib/shown.js";
import { token } from "../lib/token.js";
import { chipsOf, queryOf } from "../stream/filters.js";
import { Past } from "../stream/past.js";
import { Rows } from "../stream/rows.js";
import { labelOf, nameOf } from "../systems/systems.js";
import { Histogram } from "../time/chart.js";
import { counted } from "../time/counts.js";
import { SPANS, between, moved, rfc3339, spanOf, zoomed } from "../time/spans.js";
import { troublesOf } from "../time/troubles.js";
import { EventTable } from "./event_table.js";
import { Filters, toggled } from "./filters.js";

const GROUPINGS = ["system", "type", "source"];
const MOST_TROUBLES = 20; // that are told in words

/** The histogram of the interval in the address, with its table. */
export function TimeView() {
    const { params } = route.value;
    const chips = chipsOf(params);
    const by = GROUPINGS.includes(params.get("by")) ? params.get("by") : GROUPINGS[0];
    const found = useSignal({});
    const rows = useRef(null);
    rows.current ??= new Rows();
    const past = useSignal(null);
    const tell = (error) => {
        if (error.name !== "AbortError") found.value = { ...found.peek(), problem: error.message };
    };
    const turn = useSignal(0); // of reading the same again
    const asked = JSON.stringify([chips, params.get("from"), params.get("until"), params.get("span"), turn.value]);
    useEffect(() => {
        const ended = new AbortController();
        const span = spanOf(params);
        look(queryOf(chips), span, by, ended.signal).then(
            (value) => { found.value = value; },
            tell,
        );
        return () => ended.abort();
    }, [asked, by, token.value]);
    useEffect(() => {
        const { from, until } = spanOf(params);
        const query = [...queryOf(chips), ["from_time", rfc3339(from)], ["until_time", rfc3339(until)]];
        const reading = new Past(rows.current, query);
        past.value = reading;
        reading.start().catch(tell);
        return () => reading.stop();
    }, [asked, token.value]);
    return html`
        <section class="events" aria-label="Events over time">
            <${Filters} chips=${chips} />
            <${SpanBar} params=${params} by=${by} onAgain=${() => { turn.value += 1; }} />
            ${found.value.problem && html`<p class="problem" role="alert">${found.value.problem}</p>`}
            ${found.value.data && html`<${Chart} found=${found.value} by=${by} />`}
            <${EventTable} rows=${rows.current} onEnd=${() => past.value?.older().catch(tell)} />
        </section>`;
}

async function look(query, span, by, signal) {
    const [data, troubles] = await Promise.all([counted(query, span, by, signal), troublesOf(span, signal)]);
    return { data, troubles, span };
}

function SpanBar({ params, by, onAgain }) {
    const span = spanOf(params);
    const to = (changes) => () => go(here(changes));
    return html`
        <div class="bar">
            <div role="group" aria-label="Span">${Object.keys(SPANS).map((name) => html`
                <button type="button" key=${name} aria-pressed=${span.name === name}
                    onClick=${to({ span: name, from: null, until: null })}>${name}</button>`)}
            </div>
            <div role="group" aria-label="Move">
                <button type="button" aria-label="Earlier" onClick=${to(moved(span, -0.5))}>←</button>
                <button type="button" aria-label="Later" onClick=${to(moved(span, 0.5))}>→</button>
                <button type="button" aria-label="Zoom in" onClick=${to(zoomed(span, 0.5))}>+</button>
                <button type="button" aria-label="Zoom out" onClick=${to(zoomed(span, 2))}>−</button>
                <button type="button" aria-label="Count again" title="Count again" onClick=${onAgain}>↻</button>
            </div>
            <div role="group" aria-label="Count by">${GROUPINGS.map((name) => html`
                <button type="button" key=${name} aria-pressed=${by === name} onClick=${to({ by: name })}>by ${name}</button>`)}
            </div>
        </div>`;
}

function Chart({ found: { data, troubles, span }, by }) {
    const name = (group) => (by === "system" ? labelOf(group.name) : group.name || "(none)");
    const total = data.groups.reduce((sum, group) => sum + group.total, 0);
    const label = `${count(total)} events: ${data.groups.map((group) => `${name(group)} ${count(group.total)}`).join(", ")}`;
    const narrow = (group) => toggled(by, by === "system" ? nameOf(group.name) : group.name);
    return html`
        <${Histogram} data=${data} troubles=${troubles} span=${span} label=${label}
            onSpan=${(from, until) => go(here(between(from, until)))} />
        <ul class="legend" aria-label="Groups">${data.groups.map((group) => html`
            <li key=${group.name}><i class="swatch" style=${{ background: `var(--${group.colour})` }}></i>
                ${group.name && group.name !== "others" ? html`<a href=${narrow(group)}>${name(group)}</a>` : name(group)}
                ${" "}<b>${count(group.total)}</b></li>`)}
            ${[...troubles.gaps, ...troubles.outages].slice(0, MOST_TROUBLES).map(({ text, from, until }) => html`
                <li class="bad">▮ ${text} <small>${clock(rfc3339(from))}${until > from && ` – ${clock(rfc3339(until))}`}</small></li>`)}
            ${troubles.isHidden && html`<li><small>Gaps are not shown: this token may not read Tidings' own events.</small></li>`}
        </ul>`;
}
