/** One object: how it changed, version by version, and what it belongs to. */

import { html, useEffect, useRef, useSignal } from "../lib/kit.js";
import { go, here, route } from "../lib/route.js";
import { clock, short } from "../lib/shown.js";
import { token } from "../lib/token.js";
import { ObjectLink, historyOf, listObjects, objectAddress, splitName, titleOf } from "../objects/objects.js";
import { Tree } from "../record/tree.js";
import { labelOf } from "../systems/systems.js";
import { toneOf } from "../systems/tone.js";

const CHANGES = 12; // of a version that are shown at first
const MOST_PARTS = 200;

export function ObjectView() {
    const { params } = route.value;
    const [system, kind, id, namespace] = ["system", "kind", "id", "namespace"].map((name) => params.get(name) ?? "");
    const isAll = useSignal(false);
    const found = useSignal({ versions: [] });
    const tell = (error) => {
        if (error.name !== "AbortError") found.value = { ...found.peek(), problem: error.message };
    };
    const read = async (next, signal) => {
        const page = await historyOf({ system, kind, id, namespace }, { changedOnly: !isAll.value, token: next }, signal);
        signal.throwIfAborted();
        const before = next ? found.peek().versions : [];
        found.value = { versions: [...before, ...page.versions], next: page.next, isRead: true };
    };
    const reading = useRef(null);
    useEffect(() => {
        const ended = new AbortController();
        reading.current = ended.signal;
        found.value = { versions: [] };
        if (id) read("", ended.signal).catch(tell);
        return () => ended.abort();
    }, [system, kind, id, namespace, isAll.value, token.value]);
    const { versions, next, isRead, problem } = found.value;
    return html`
        <section class="history" aria-label="Object">
            <${Search} system=${system} kind=${kind} id=${id} />
            ${!id && html`<p>Name an object by its system, its kind (of Nomad: job, allocation, node, deployment …) and its id or name;
                or follow a link from a record, from State or from Docker Cloud.</p>`}
            ${problem && html`<p class="problem" role="alert">${problem}</p>`}
            ${isRead && !versions.length && html`<p>No event that you may read carried this object.</p>`}
            ${versions.length > 0 && html`<${History} versions=${versions} isAll=${isAll} />`}
            ${next && html`<button type="button" onClick=${() => read(next, reading.current).catch(tell)}>Older versions</button>`}
        </section>`;
}

function Search({ system, kind, id }) {
    const submit = (event) => {
        event.preventDefault();
        const said = Object.fromEntries(new FormData(event.currentTarget));
        go(objectAddress(said.system, said.kind.trim(), said.id.trim()));
    };
    return html`
        <form class="bar" onSubmit=${submit}>
            <select name="system" aria-label="System" value=${system || "nomad"}>
                ${["nomad", "docker_cloud", "puppet", "feldera", "tidings"].map((name) => html`<option key=${name} value=${name}>${labelOf(name)}</option>`)}
            </select>
            <input name="kind" aria-label="Kind" placeholder="job" value=${kind} required size="12" />
            <input name="id" aria-label="Id or name" placeholder="web" value=${id} required size="30" />
            <button type="submit">Show</button>
        </form>`;
}

/** The versions, a slider over them, and the object as the chosen one has it. */
function History({ versions, isAll }) {
    const chosen = useSignal(0); // place from the newest
    const place = Math.min(chosen.value, versions.length - 1);
    const { object, deleted } = versions[place];
    const oldest = versions.length - 1;
    return html`
        <h2>${labelOf(object.system)} ${object.kind} ${titleOf(object)}
            ${" "}<span class=${`status ${toneOf(object.status)}`}>${deleted ? "deleted" : object.status}</span></h2>
        <${Links} object=${object} />
        <div class="slider">
            <label>Version <input type="range" min="0" max=${oldest} value=${oldest - place} disabled=${!oldest}
                aria-valuetext=${clock(object.recordedAt)} onInput=${(event) => { chosen.value = oldest - event.currentTarget.valueAsNumber; }} /></label>
            <output>${clock(object.recordedAt)}, ${place === 0 ? "the newest" : `${place} before the newest`}</output>
            <label><input type="checkbox" checked=${isAll.value} onChange=${(event) => { isAll.value = event.currentTarget.checked; }} /> also those without a change</label>
        </div>
        <div class="columns">
            <ol class="versions" aria-label="Versions">${versions.map((version, at) => html`
                <${Version} key=${version.object.seq} version=${version} isChosen=${at === place} onChoose=${() => { chosen.value = at; }} />`)}
            </ol>
            <div class="tree" aria-label="The object" role="group">${object.valueJson
                ? html`<${Tree} key=${object.seq} value=${JSON.parse(object.valueJson)} />`
                : html`<p>Too large to be shown here.</p>`}</div>
        </div>`;
}

function Version({ version: { object, deleted, firstKnown, changes = [], moreChanges }, isChosen, onChoose }) {
    const isWhole = useSignal(false);
    const shown = isWhole.value ? changes : changes.slice(0, CHANGES);
    return html`
        <li class=${isChosen ? "chosen" : ""}>
            <button type="button" class="value" aria-pressed=${isChosen} onClick=${onChoose}>${clock(object.recordedAt)}</button>
            ${" "}<b>${object.type}</b> <span class=${`status ${toneOf(object.status)}`}>${deleted ? "deleted" : object.status}</span>
            ${" "}<a href=${here({ record: object.seq })}>record ${object.seq}</a>
            ${firstKnown && html`<p><small>The oldest that the log holds.</small></p>`}
            <ul>${shown.map((change) => html`<${Change} key=${change.pointer} change=${change} />`)}</ul>
            ${changes.length > shown.length && html`
                <button type="button" onClick=${() => { isWhole.value = true; }}>${changes.length - shown.length} more</button>`}
            ${moreChanges && html`<small>and more than fit in an answer</small>`}
        </li>`;
}

function Change({ change: { pointer, oldJson = "", newJson = "" } }) {
    return html`<li><code>${pointer || "all"}</code> ${oldJson && html`<del><bdi>${short(oldJson, 120)}</bdi></del>`}
        ${" "}${newJson && html`<ins><bdi>${short(newJson, 120)}</bdi></ins>`}</li>`;
}

/** What the object belongs to, and what belongs to it. */
function Links({ object }) {
    const parts = useSignal([]);
    const { system, kind, id } = object;
    useEffect(() => {
        const ended = new AbortController();
        listObjects([["systems", system], ["parents", `${kind}/${id}`]], ended.signal).then(
            (found) => { parts.value = found.objects; },
            () => {}, // the history says what is wrong
        );
        return () => ended.abort();
    }, [system, kind, id, token.value]);
    const kinds = Map.groupBy(parts.value.slice(0, MOST_PARTS), (part) => part.kind);
    return html`<dl class="links">
        ${object.parents?.length > 0 && html`<dt>belongs to</dt><dd>${object.parents.map((parent) => {
            const [parentKind, parentId] = splitName(parent);
            return html`<${ObjectLink} key=${parent} object=${{ system, kind: parentKind, id: parentId, namespace: "" }} text=${`${parentKind} ${titleOf({ id: parentId })}`} /> `;
        })}</dd>`}
        ${[...kinds].map(([name, members]) => html`<dt key=${name}>${name}</dt>
            <dd>${members.map((part) => html`<${ObjectLink} key=${part.id} object=${part} /> `)}</dd>`)}
    </dl>`;
}
