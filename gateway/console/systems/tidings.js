function gap(said) {
    const system = (said.system ?? "").replace("EVENT_SYSTEM_", "").toLowerCase();
    return {
        type: "source_gap",
        what: `events of ${system} may be missing: ${said.reason ?? ""}`,
        where: said.source ?? "",
        tone: "bad",
    };
}

function state(said) {
    const problem = said.staleSince ? "stale" : "not connected";
    return {
        type: "source_state",
        what: [said.connected ? "connected" : problem, said.reason].filter(Boolean).join(": "),
        where: said.source ?? "",
        tone: said.connected ? "good" : "bad",
    };
}

export const tidings = {
    name: "tidings",
    field: "tidings",
    label: "Tidings",
    facts(event) {
        return event.sourceGap ? gap(event.sourceGap) : state(event.sourceState ?? {});
    },
};
