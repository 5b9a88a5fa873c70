/** Puppet's jobs: the progress of each, and its result on each node. */

import { ask } from "../lib/api.js";
import { html, useEffect, useSignal } from "../lib/kit.js";
import { usePolled } from "../lib/polled.js";
import { address, go, here, route } from "../lib/route.js";
import { clock, span } from "../lib/shown.js";
import { token } from "../lib/token.js";
import { listObjects } from "../objects/objects.js";
import { toneOf } from "../systems/tone.js";

const EVERY_S = 5;

export function PuppetView() {
    const found = usePolled((signal) => listObjects([["systems", "puppet"], ["kinds", "job"]], signal), EVERY_S);
    const { value, problem } = found.value;
    const job = route.value.params.get("job");
    return html`
        <section aria-label="Puppet jobs">
            ${problem && html`<p class="problem" role="alert">${problem}</p>`}
            ${value && html`<${Jobs} jobs=${value.objects} chosen=${job} />`}
            ${job && html`<${Job} key=${job} id=${job} version=${value?.objects.find(({ id }) => id === job)?.seq} />`}
        </section>`;
}

function Jobs({ jobs, chosen }) {
    const sorted = jobs.toSorted((one, two) => Number(BigInt(two.id) - BigInt(one.id)));
    return html`<h2>Jobs</h2><div class="scroll jobs" tabindex="0" role="region" aria-label="Jobs"><table>
        <thead><tr>${["Job", "State", "Nodes", "Newest event", ""].map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
        <tbody>${sorted.map((job) => html`<tr key=${job.id} class=${job.id === chosen ? "chosen" : ""}>
            <td><a href=${here({ job: job.id })}>${job.id}</a></td>
            <td class=${toneOf(job.status)}>${job.status}</td>
            <td><${Progress} parts=${job.parts ?? {}} /></td>
            <td title=${job.recordedAt}>${clock(job.recordedAt)}</td>
            <td><a href=${address("live", [["identifier", `job/${job.id}`], ["system", "puppet"]])}>events</a></td>
        </tr>`)}</tbody></table></div>`;
}

/** How many nodes are in which state. */
function Progress({ parts }) {
    const states = Object.entries(parts).sort(); // a map of the contract has no order
    const total = states.reduce((sum, [, nodes]) => sum + nodes, 0);
    const text = states.map(([state, nodes]) => `${nodes} ${state}`).join(", ");
    return html`<span class="progress" aria-hidden="true">${states.map(([state, nodes]) => html`
        <i key=${state} class=${toneOf(state)} style=${{ width: `${(100 * nodes) / total}%` }}></i>`)}</span> ${text}`;
}

/** One job over time: for each node when its run began, how long it took, and how it ended. */
function Job({ id, version }) {
    const found = useSignal({});
    useEffect(() => {
        const ended = new AbortController();
        ask(`/orchestrator/v1/jobs/${encodeURIComponent(id)}/events`, [], { signal: ended.signal }).then(
            ({ items }) => { found.value = { items }; },
            (error) => { if (!ended.signal.aborted) found.value = { problem: error.message }; },
        );
        return () => ended.abort();
    }, [id, version, token.value]);
    const { items, problem } = found.value;
    if (problem) return html`<p class="problem" role="alert">${problem}</p>`;
    if (!items?.length) return null;
    const times = items.map(({ timestamp }) => Date.parse(timestamp) / 1000);
    const [from, until] = [Math.min(...times), Math.max(...times)];
    return html`
        <h2>Job ${id} <button type="button" onClick=${() => go(here({ job: null }))}>Close</button></h2>
        <p>${items.at(-1).message} <small>${clock(items[0].timestamp)}, ${span(until - from)}</small></p>
        <table class="runs"><thead><tr><th scope="col">Node</th><th scope="col">Run</th><th scope="col">Outcome</th></tr></thead>
            <tbody>${runsOf(items, until).map((run) => html`<${Run} key=${run.node} run=${run} from=${from} until=${until} />`)}</tbody></table>`;
}

/** Return each node's run: when it began, when it ended or had its last event, and its result. */
function runsOf(items, until) {
    const runs = new Map();
    for (const { type, timestamp, message, details } of items) {
        if (!type.startsWith("node_") || !details?.node) continue;
        const at = Date.parse(timestamp) / 1000;
        const run = runs.get(details.node) ?? { node: details.node, from: at, until };
        const status = type.slice("node_".length);
        runs.set(details.node, { ...run, status, message, until: status === "running" ? until : at });
    }
    return [...runs.values()];
}

function Run({ run, from, until }) {
    const whole = Math.max(1, until - from);
    const style = { left: `${(100 * (run.from - from)) / whole}%`, width: `${(100 * Math.max(0, run.until - run.from)) / whole}%` };
    return html`<tr>
        <td>${run.node}</td>
        <td><div class="pieces" title=${`${span(run.until - run.from)}`}><i class=${toneOf(run.status) || "busy"} style=${style}></i></div></td>
        <td><span class=${toneOf(run.status)}>${run.status}</span> <small>${run.message}</small></td>
    </tr>`;
}
