/** Objects that events are about: which existed at a time, and how one of them changed. */

import { ask } from "../lib/api.js";
import { html } from "../lib/kit.js";
import { address } from "../lib/route.js";
import { nameOf } from "../systems/systems.js";
import { toneOf } from "../systems/tone.js";

const PAGE = 10000;
const VERSIONS = 100;

/** Systems whose events carry objects. */
export const WITH_OBJECTS = new Set(["nomad", "docker_cloud", "puppet", "feldera", "tidings"]);

/** Return { objects, knownSince } of all pages of a list. */
export async function listObjects(query, signal) {
    const asked = [...query, ["page_size", PAGE]];
    const objects = [];
    let token = "";
    let page;
    do {
        page = await ask("/v1/objects", token ? [...asked, ["page_token", token]] : asked, { signal });
        objects.push(...(page.objects ?? []).map(withName));
        token = page.nextPageToken ?? "";
    } while (token);
    return { objects, knownSince: page.knownSince ?? "" };
}

/** Return { versions, next } of one object, the newest first; `next` is the token of the next page. */
export async function historyOf({ system, kind, id, namespace }, { changedOnly, token }, signal) {
    const path = `/v1/objects/${[system, kind, id].map(encodeURIComponent).join("/")}/history`;
    const query = [["view", "OBJECT_VIEW_FULL"], ["page_size", VERSIONS], ["changed_only", changedOnly]];
    if (namespace) query.push(["namespace", namespace]);
    if (token) query.push(["page_token", token]);
    const page = await ask(path, query, { signal });
    const versions = (page.versions ?? []).map((each) => ({ ...each, object: withName(each.object) }));
    return { versions, next: page.nextPageToken ?? "" };
}

function withName(object) {
    return { ...object, system: nameOf(object.system) };
}

/** Return the kind and the id of a text such as "job/web". */
export function splitName(text) {
    const slash = text.indexOf("/");
    return [text.slice(0, slash), text.slice(slash + 1)];
}

/** Return the address of an object's page. */
export function objectAddress(system, kind, id, namespace = "") {
    const params = [["system", system], ["kind", kind], ["id", id]];
    return address("object", namespace ? [...params, ["namespace", namespace]] : params);
}

/** Return an object's label: its name, or the beginning of its UUID. */
export function titleOf({ name, id = "" }) {
    return name || (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(id) ? id.slice(0, 8) : id);
}

/** A link to an object's page, in the colour of its state. */
export function ObjectLink({ object, text = titleOf(object), className = "" }) {
    const { system, kind, id, namespace, status = "" } = object;
    return html`<a class=${`object ${toneOf(status)} ${className}`} href=${objectAddress(system, kind, id, namespace)}
        title=${`${kind} ${id}${status && `, ${status}`}`}>${text}</a>`;
}
