/** The three parts whose health an event tells. */
export const PARTS = ["api", "compiler", "runner"];

export const feldera = {
    name: "feldera",
    field: "feldera",
    label: "Feldera",
    facts(event) {
        const ill = PARTS.filter((part) => event[`${part}_status`] !== "Healthy");
        const said = ill.map((part) => `${part} ${event[`${part}_status`] ?? "?"}: ${event[`${part}_self_info`] ?? ""}`);
        return {
            type: event.all_healthy ? "Healthy" : "Unhealthy",
            what: said.join("; ") || "all parts are healthy",
            where: ill.join(", "),
            tone: event.all_healthy ? "good" : "bad",
        };
    },
};
