/** Nodes with their allocations as they were at a moment, and the replay of what happened then. */

import { html, useEffect, useSignal } from "../lib/kit.js";
import { usePolled } from "../lib/polled.js";
import { go, here, route } from "../lib/route.js";
import { clock } from "../lib/shown.js";
import { ObjectLink, listObjects, splitName } from "../objects/objects.js";
import { toneOf } from "../systems/tone.js";

const EVERY_S = 10; // while it is now
const SPEEDS = [60, 300, 900];
const TICK_MS = 1000;
const DAY_S = 86400;
const RECENT_S = 3600; // for so long what has failed is still shown
const ENDED = new Set(["complete", "failed", "lost"]);

export function StateView() {
    const { params } = route.value;
    const asked = Date.parse(params.get("at") ?? "") / 1000;
    const found = usePolled((signal) => stateAt(asked || null, signal), asked ? 0 : EVERY_S, params.get("at") ?? "");
    const speed = useSignal(0); // how many seconds pass in one; 0 = it stands still
    const at = asked || Date.now() / 1000;
    const show = (seconds, options) => go(here({ at: rfc3339(seconds) }), options);
    useEffect(() => {
        if (!speed.value) return undefined;
        // the next moment is requested when this one is shown, so that a slow server can keep up
        const timer = setTimeout(() => {
            const next = at + (speed.value * TICK_MS) / 1000;
            if (next > Date.now() / 1000) speed.value = 0;
            else show(next, { replace: true });
        }, TICK_MS);
        return () => clearTimeout(timer);
    }, [speed.value, found.value]);
    const { value: state, problem } = found.value;
    return html`
        <section class="state-view" aria-label="State at a time">
            <${Moment} at=${at} isNow=${!asked} state=${state} speed=${speed} onShow=${show} />
            ${problem && html`<p class="problem" role="alert">${problem}</p>`}
            ${state && html`<${Nodes} state=${state} at=${at} />`}
        </section>`;
}

function rfc3339(seconds) {
    return new Date(seconds * 1000).toISOString();
}

async function stateAt(at, signal) {
    const query = [["systems", "nomad"], ["kinds", "node"], ["kinds", "allocation"]];
    return listObjects(at ? [...query, ["at", rfc3339(at)]] : query, signal);
}

/** The slider, and the buttons that play. */
function Moment({ at, isNow, state, speed, onShow }) {
    const now = Date.now() / 1000;
    const known = Date.parse(state?.knownSince ?? "") / 1000 || now - DAY_S;
    const step = (seconds) => () => onShow(Math.min(now, at + seconds));
    return html`
        <div class="bar slider">
            <label>Moment <input type="range" min=${known} max=${now} step="1" value=${at}
                aria-valuetext=${clock(rfc3339(at))} onChange=${(event) => onShow(event.currentTarget.valueAsNumber)} /></label>
            <output>${isNow ? "now" : clock(rfc3339(at))}</output>
            <button type="button" onClick=${step(-3600)}>−1 h</button>
            <button type="button" onClick=${step(-60)}>−1 min</button>
            <button type="button" onClick=${step(60)}>+1 min</button>
            <button type="button" onClick=${step(3600)}>+1 h</button>
            <div role="group" aria-label="Replay">${SPEEDS.map((times) => html`
                <button type="button" key=${times} aria-pressed=${speed.value === times}
                    onClick=${() => { speed.value = speed.value === times ? 0 : times; }}>${times}×</button>`)}</div>
            <button type="button" onClick=${() => { speed.value = 0; go(here({ at: null })); }}>Now</button>
        </div>`;
}

function Nodes({ state: { objects }, at }) {
    const nodes = objects.filter(({ kind }) => kind === "node");
    nodes.sort((one, two) => (one.name ?? "").localeCompare(two.name ?? "", undefined, { numeric: true }));
    const allocations = objects.filter((object) => object.kind === "allocation" && isShown(object, at));
    const byNode = Map.groupBy(allocations, nodeOf);
    const others = allocations.filter((each) => !nodes.some(({ id }) => id === nodeOf(each)));
    const counts = Map.groupBy(allocations, ({ status }) => status);
    return html`
        <p role="status">${nodes.length} nodes, ${allocations.length} allocations: ${[...counts].map(([status, all]) => `${all.length} ${status}`).join(", ") || "none"}</p>
        <div class="nodes">
            ${nodes.map((node) => html`<${Node} key=${node.id} node=${node} allocations=${byNode.get(node.id) ?? []} />`)}
            ${others.length > 0 && html`<article class="node"><h3>On an unknown node</h3><${Tiles} allocations=${others} /></article>`}
        </div>`;
}

function isShown({ status, recordedAt }, at) {
    return !ENDED.has(status) || (status !== "complete" && at - Date.parse(recordedAt) / 1000 < RECENT_S);
}

function nodeOf({ parents = [] }) {
    return parents.map(splitName).find(([kind]) => kind === "node")?.[1] ?? "";
}

function jobOf({ parents = [], name = "" }) {
    return parents.map(splitName).find(([kind]) => kind === "job")?.[1] ?? name;
}

function Node({ node, allocations }) {
    return html`<article class=${`node ${toneOf(node.status)}`}>
        <h3><${ObjectLink} object=${node} /> <small>${node.status}</small></h3>
        <${Tiles} allocations=${allocations} />
    </article>`;
}

function Tiles({ allocations }) {
    const sorted = allocations.toSorted((one, two) => jobOf(one).localeCompare(jobOf(two)));
    return html`<div class="tiles">${sorted.map((each) => html`
        <${ObjectLink} key=${each.id} object=${each} text=${jobOf(each)} className="tile" />`)}</div>`;
}
