/**
 * The one-line summary of an event of each system. Every other file in this folder describes one system:
 * its field in the contract's JSON, its name, and a function from its message to facts.
 *
 * Facts are: `type`; `what` and `where`, texts of any length; `namespace`; `ids`, pairs of kind and
 * value that name objects; `tone`, "bad", "good" or "" for neither.
 */

import { short } from "../lib/shown.js";
import { cloudEvent } from "./cloud_event.js";
import { consul } from "./consul.js";
import { dockerCloud } from "./docker_cloud.js";
import { feldera } from "./feldera.js";
import { nomad } from "./nomad.js";
import { puppet } from "./puppet.js";
import { tidings } from "./tidings.js";

export const SYSTEMS = [nomad, consul, dockerCloud, puppet, feldera, cloudEvent, tidings];

const NOTHING = { type: "", what: "", where: "", namespace: "", ids: [], tone: "" };
const UNKNOWN = { name: "unknown", label: "Newer", facts: () => ({ what: "newer than this page" }) };

/** Return the system of an event as the contract's JSON has it. */
export function systemOf(event) {
    return SYSTEMS.find(({ field }) => field in event) ?? UNKNOWN;
}

/** Return a system's name by the one that the API's enumeration has for it: "nomad" for "EVENT_SYSTEM_NOMAD". */
export function nameOf(name) {
    return name.replace("EVENT_SYSTEM_", "").toLowerCase();
}

/** Return a system's label by either of its names. */
export function labelOf(name) {
    const plain = nameOf(name);
    return SYSTEMS.find((system) => system.name === plain)?.label ?? plain;
}

// Longest value that can be a filter: it has to fit into an address.
const LONGEST = 1000;

/** Return the rows of a record: one for each of its events, each of a bounded size, however large the event is. */
export function rowsOf(record) {
    return record.events.map((event, place) => {
        const system = systemOf(event);
        const facts = { ...NOTHING, ...system.facts(event[system.field] ?? {}) };
        return {
            kind: "event",
            key: `${record.seq}.${record.places?.[place] ?? place}`,
            seq: record.seq,
            at: event.occurredAt ?? record.recordedAt,
            source: short(event.source ?? "", LONGEST),
            system: system.name,
            type: short(facts.type, LONGEST),
            what: short(facts.what),
            where: short(facts.where ?? ""),
            namespace: short(facts.namespace, LONGEST),
            ids: facts.ids.filter(([, value]) => value.length <= LONGEST),
            tone: facts.tone,
        };
    });
}
