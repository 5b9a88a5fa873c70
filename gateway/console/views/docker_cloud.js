/** Docker Cloud's stacks, their services and their containers, as in their newest events. */

import { html } from "../lib/kit.js";
import { usePolled } from "../lib/polled.js";
import { ago } from "../lib/shown.js";
import { ObjectLink, listObjects, splitName } from "../objects/objects.js";
import { toneOf } from "../systems/tone.js";

const EVERY_S = 10;

// Parents: an object is shown below the first of these that it belongs to.
const ABOVE = {
    container: ["service"], service: ["stack"], node: ["nodecluster"],
    action: ["container", "service", "stack", "node", "nodecluster"],
};
// Of what is in the same place; others, which are actions, come after these, the newest first.
const ORDER = ["stack", "service", "container", "nodecluster", "node"];

export function DockerCloudView() {
    const found = usePolled((signal) => listObjects([["systems", "docker_cloud"]], signal), EVERY_S);
    const { value, problem } = found.value;
    return html`
        <section aria-label="Docker Cloud">
            ${problem && html`<p class="problem" role="alert">${problem}</p>`}
            ${value && !value.objects.length && html`<p>No event of Docker Cloud is stored.</p>`}
            ${value && html`<ul class="objects">${treeOf(value.objects).map((branch) => html`<${Branch} key=${keyOf(branch.object)} branch=${branch} />`)}</ul>`}
        </section>`;
}

function keyOf({ kind, id }) {
    return `${kind}/${id}`;
}

/** Return the objects without a parent, each with its children. */
function treeOf(objects) {
    const branches = new Map(objects.map((object) => [keyOf(object), { object, below: [] }]));
    const roots = [];
    for (const branch of branches.values()) {
        const above = parentOf(branch.object, branches);
        (above?.below ?? roots).push(branch);
    }
    for (const some of [roots, ...[...branches.values()].map(({ below }) => below)]) some.sort(inOrder);
    return roots;
}

function inOrder({ object: one }, { object: two }) {
    const rank = ({ kind }) => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length);
    return rank(one) - rank(two) || (rank(one) < ORDER.length && one.id.localeCompare(two.id));
}

function parentOf({ kind, parents = [] }, branches) {
    const wanted = ABOVE[kind] ?? [];
    const name = parents.find((parent) => wanted.includes(splitName(parent)[0]) && branches.has(parent));
    return branches.get(name);
}

function Branch({ branch: { object, below } }) {
    return html`<li>
        <span class="kind">${object.kind}</span> <${ObjectLink} object=${object} />
        ${" "}<span class=${toneOf(object.status)}>${object.status}</span> <small>${object.type} ${ago(object.recordedAt)}</small>
        ${below.length > 0 && html`
            <ul>${below.map((branch) => html`<${Branch} key=${keyOf(branch.object)} branch=${branch} />`)}</ul>`}
    </li>`;
}
