/** Which events to show: parameters of the address, and parameters of the API. */

/** Kinds of filters, by their name in the address. Values of one kind are alternatives, except of text. */
export const KINDS = [
    { name: "system", label: "System" },
    { name: "type", label: "Type" },
    { name: "identifier", label: "Identifier" },
    { name: "namespace", label: "Namespace" },
    { name: "source", label: "Source" },
    { name: "text", label: "Text" },
];

// Selectors that have a namespace; events of other systems have none.
const NAMESPACED = ["nomad", "docker_cloud"];

/** Kinds of filters that take one value only. */
export const SINGLE = new Set(["namespace"]);

/** Return the filters of an address, as pairs of kind and value. */
export function chipsOf(params) {
    const names = new Set(KINDS.map(({ name }) => name));
    return [...params].filter(([name]) => names.has(name));
}

/** Return the text of an identifier: "job/web", or "web" for any kind. */
export function identifier([kind, value]) {
    return kind ? `${kind}/${value}` : value;
}

// The API's name of each kind. All words of its one text must occur.
const PARAMETERS = { system: "system", type: "types", identifier: "identifiers", source: "sources" };

/** Return the request parameters for some filters. */
export function queryOf(chips) {
    const values = (kind) => chips.filter(([name]) => name === kind).map(([, value]) => value);
    const query = Object.entries(PARAMETERS).flatMap(
        ([kind, parameter]) => values(kind).map((value) => [parameter, value]),
    );
    const systems = values("system");
    for (const system of NAMESPACED.filter((name) => !systems.length || systems.includes(name))) {
        for (const value of values("namespace")) query.push([`selection.${system}.namespace`, value]);
    }
    const words = values("text").join(" ");
    return words ? [...query, ["text", words]] : query;
}
