/** A line for records that are gone. */

import { labelOf } from "../systems/systems.js";

const REASONS = {
    GAP_REASON_RETENTION: "removed by retention",
    GAP_REASON_DAMAGED: "damaged",
    GAP_REASON_TOO_LARGE: "too large to be sent",
    GAP_REASON_UNPRINTABLE: "without a form in JSON",
};

/** Return the row for a gap of the API. */
export function gapRow(gap) {
    const first = gap.firstSeq ?? "0";
    const last = gap.lastSeq ?? first;
    const reason = REASONS[gap.reason] ?? "missing";
    const detail = gap.detail ? ` (${gap.detail})` : "";
    return {
        kind: "gap",
        key: `gap-${gap.system}-${first}-${last}`,
        seq: last,
        what: `Gap: ${labelOf(gap.system ?? "")} ${first} to ${last}, ${reason}${detail}`,
    };
}
