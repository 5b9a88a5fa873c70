/**
 * The current view, which is the part of the address after "#": "#/live?system=nomad". It is
 * never sent anywhere, can be bookmarked, and the browser's back button works on it.
 */

import { signal } from "./kit.js";

const FIRST = "live";

/** `view` is a name, `params` a URLSearchParams that must not be changed. */
export const route = signal(read());

window.addEventListener("hashchange", () => {
    route.value = read();
});

function read() {
    const [view, query = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
    return { view: view || FIRST, params: new URLSearchParams(query) };
}

/** Return the address of a view. */
export function address(view, params = []) {
    const query = new URLSearchParams(params).toString();
    return query ? `#/${view}?${query}` : `#/${view}`;
}

/** Return the current address with other values of some parameters; null = without it. */
export function here(changes) {
    const { view, params } = route.value;
    const changed = new URLSearchParams(params);
    for (const [name, value] of Object.entries(changes)) {
        changed.delete(name);
        if (value !== null) changed.set(name, value);
    }
    return address(view, changed);
}

/** Go to an address; with `replace` the back button skips the current address. */
export function go(to, { replace = false } = {}) {
    if (replace) {
        history.replaceState(null, "", to);
        route.value = read();
    } else {
        location.hash = to;
    }
}
