/** The health of a Feldera cluster over the last 72 hours: a bar for each of its parts, and their messages. */

import { ask } from "../lib/api.js";
import { html, useEffect, useSignal } from "../lib/kit.js";
import { usePolled } from "../lib/polled.js";
import { ago, clock } from "../lib/shown.js";
import { PARTS } from "../systems/feldera.js";
import { toneOf } from "../systems/tone.js";

const EVERY_S = 10;
const SPAN_S = 72 * 3600; // what Feldera's API shows
const MOST = 30; // changes that are listed

export function FelderaView() {
    const found = usePolled((signal) => ask("/v0/cluster/events", [], { signal }), EVERY_S);
    const chosen = useSignal(null);
    const { value: events, problem, at } = found.value;
    return html`
        <section aria-label="Feldera">
            ${problem && html`<p class="problem" role="alert">${problem}</p>`}
            ${events && !events.length && html`<p>No event of Feldera is stored.</p>`}
            ${events?.length > 0 && html`
                <h2>Health in 72 hours</h2>
                ${PARTS.map((part) => html`<${Strip} key=${part} part=${part} events=${events} now=${at} />`)}
                <p class="scale" aria-hidden="true"><small>72 h ago</small><small>now</small></p>
                <${Changes} events=${changesOf(events)} chosen=${chosen} />
                ${chosen.value && html`<${Infos} id=${chosen.value} />`}`}
        </section>`;
}

/** One part's health, oldest on the left: a piece for each period without a change. */
function Strip({ part, events, now }) {
    const pieces = piecesOf(part, events, now / 1000 - SPAN_S, now / 1000);
    const shareOf = (some) => some.reduce((sum, piece) => sum + piece.share, 0);
    const healthy = shareOf(pieces.filter(({ status }) => status === "Healthy")) / (shareOf(pieces) || 1);
    const latest = events[0][`${part}_status`];
    const label = `${part}: ${latest}, healthy for ${(healthy * 100).toFixed(1)} % of what is known`;
    return html`
        <figure class="strip">
            <figcaption><b>${part}</b> <span class=${toneOf(latest)}>${latest}</span></figcaption>
            <div class="pieces" role="img" aria-label=${label}>${pieces.map(({ status, from, share, offset }) => html`
                <i key=${from} class=${toneOf(status)} title=${`${status} since ${new Date(from * 1000).toLocaleString()}`}
                    style=${{ left: `${offset * 100}%`, width: `${share * 100}%` }}></i>`)}
            </div>
        </figure>`;
}

/** Return the periods of one status between two times, as fractions of the whole. */
function piecesOf(part, events, from, until) {
    const pieces = [];
    for (const event of events.toReversed()) {
        const at = Math.max(from, Date.parse(event.recorded_at) / 1000);
        const status = event[`${part}_status`];
        if (pieces.at(-1)?.status !== status) pieces.push({ status, from: at });
    }
    return pieces.map((piece, place) => ({
        ...piece,
        offset: (piece.from - from) / (until - from),
        share: Math.max(0, (pieces[place + 1]?.from ?? until) - piece.from) / (until - from),
    }));
}

/** Return the events in which a part's status changed, the newest first. */
function changesOf(events) {
    const said = (event) => event && PARTS.map((part) => event[`${part}_status`]).join();
    return events.filter((event, place) => said(event) !== said(events[place + 1])).slice(0, MOST);
}

function Changes({ events, chosen }) {
    return html`<h2>Changes</h2><div class="scroll" tabindex="0" role="region" aria-label="Changes"><table>
        <thead><tr><th scope="col">Since</th>${PARTS.map((part) => html`<th scope="col">${part}</th>`)}<th scope="col">Infos</th></tr></thead>
        <tbody>${events.map((event) => html`<tr key=${event.id}>
            <td title=${event.recorded_at}>${clock(event.recorded_at)} <small>${ago(event.recorded_at)}</small></td>
            ${PARTS.map((part) => html`<td class=${toneOf(event[`${part}_status`])}>${event[`${part}_status`]}</td>`)}
            <td><button type="button" aria-pressed=${chosen.value === event.id} onClick=${() => { chosen.value = event.id; }}>Show</button></td>
        </tr>`)}</tbody></table></div>`;
}

/** The messages of the parts in one event. */
function Infos({ id }) {
    const found = useSignal({});
    useEffect(() => {
        const ended = new AbortController();
        ask(`/v0/cluster/events/${id}`, [["selector", "all"]], { signal: ended.signal }).then(
            (event) => { found.value = { event }; },
            (error) => { if (!ended.signal.aborted) found.value = { problem: error.message }; },
        );
        return () => ended.abort();
    }, [id]);
    const { event, problem } = found.value;
    if (problem) return html`<p class="problem" role="alert">${problem}</p>`;
    return event && html`<h2>${clock(event.recorded_at)}</h2><dl class="infos" aria-live="polite">${PARTS.map((part) => html`
        <dt key=${part}>${part} <span class=${toneOf(event[`${part}_status`])}>${event[`${part}_status`]}</span></dt>
        <dd>${[event[`${part}_self_info`], event[`${part}_resources_info`]].filter(Boolean).map((text) => html`<bdi>${text}</bdi>`)}</dd>`)}
    </dl>`;
}
