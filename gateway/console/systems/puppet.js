const TONES = { node_errored: "bad", node_failed: "bad", node_finished: "good" };

export const puppet = {
    name: "puppet",
    field: "puppet",
    label: "Puppet",
    facts(event) {
        const { node = "", state = "" } = event.details ?? {};
        const ids = [["job", event.job], ["node", node]];
        return {
            type: event.type ?? "",
            what: event.message ?? `Job ${event.job ?? ""}`,
            where: node,
            ids: ids.filter(([, value]) => value),
            tone: state === "failed" ? "bad" : (TONES[event.type] ?? ""),
        };
    },
};
