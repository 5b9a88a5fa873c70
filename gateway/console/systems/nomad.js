import { decoded } from "../lib/shown.js";
import { toneOf } from "./tone.js";

// Members of a payload's object that identify other objects, by the kind of these objects.
const NAMED = [
    ["job", "JobID"], ["node", "NodeID"], ["allocation", "AllocID"], ["evaluation", "EvalID"],
    ["deployment", "DeploymentID"], ["service", "ServiceName"],
];

/** Return the object that an event carries, with its name in the payload: ["Job", {…}]. */
export function objectOf(event) {
    const payload = event.Payload ?? (event.payloadJson ? parsed(event) : {});
    return Object.entries(payload).find(([, value]) => value && typeof value === "object") ?? ["", {}];
}

function parsed(event) {
    try {
        return JSON.parse(decoded(event.payloadJson));
    } catch {
        return {};
    }
}

/** Return the first of some members that is a string: in payloads that were published as JSON they may be anything. */
function textOf(object, ...members) {
    return members.map((member) => object[member]).find((value) => value && typeof value === "string") ?? "";
}

function idsOf(event, object) {
    const topic = (event.Topic ?? "").toLowerCase();
    const kind = NAMED.some(([name]) => name === topic) ? topic : "";
    const named = NAMED.map(([name, member]) => [name, textOf(object, member)]);
    return [[kind, event.Key], ...named].filter(([, value]) => value);
}

export const nomad = {
    name: "nomad",
    field: "nomad",
    label: "Nomad",
    facts(event) {
        const [, object] = objectOf(event);
        const status = textOf(object, "ClientStatus", "Status");
        const description = textOf(object, "StatusDescription", "ClientDescription");
        const name = textOf(object, "Name", "ServiceName", "JobID") || event.Key;
        return {
            type: event.Type ?? "",
            what: [event.Topic, name, status, description].filter(Boolean).join(" · "),
            where: textOf(object, "NodeName", "Datacenter") || event.Namespace,
            namespace: event.Namespace ?? "",
            ids: idsOf(event, object),
            tone: toneOf(status),
        };
    },
};
