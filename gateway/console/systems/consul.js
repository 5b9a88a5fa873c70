import { decoded } from "../lib/shown.js";

const FILTERS = [["NodeFilter", "node"], ["ServiceFilter", "service"], ["TagFilter", "tag"]];

export const consul = {
    name: "consul",
    field: "consul",
    label: "Consul",
    facts(event) {
        const filters = FILTERS.filter(([member]) => event[member]);
        return {
            type: event.Name ?? "",
            what: event.Payload ? decoded(event.Payload) : "",
            where: filters.map(([member, kind]) => `${kind} ${event[member]}`).join(", "),
            ids: event.Name ? [["name", event.Name]] : [],
        };
    },
};
