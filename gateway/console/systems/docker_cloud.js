import { toneOf } from "./tone.js";

/** Return the last part of a resource's address, which names it: "/api/app/v1/a/service/8/" is "8". */
export function idOf(uri = "") {
    return uri.split("/").filter(Boolean).at(-1) ?? "";
}

/** Return the namespace of a resource's address; the short form has none. */
export function namespaceOf(uri = "") {
    return uri.match(/^\/api\/[^/]+\/v1\/([^/]+)\/[^/]+\/[^/]+\/?$/)?.[1] ?? "";
}

export const dockerCloud = {
    name: "docker_cloud",
    field: "dockerCloud",
    label: "Docker Cloud",
    facts(event) {
        const id = idOf(event.resource_uri);
        const namespace = event.namespace ?? namespaceOf(event.resource_uri);
        return {
            type: event.action ?? "",
            what: [event.type, id, event.state].filter(Boolean).join(" · "),
            where: namespace,
            namespace,
            ids: id ? [[(event.type ?? "").toLowerCase(), id]] : [],
            tone: toneOf(event.state),
        };
    },
};
