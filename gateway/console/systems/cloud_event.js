export const cloudEvent = {
    name: "cloud_event",
    field: "cloudEvent",
    label: "CloudEvents",
    facts(event) {
        const subject = event.attributes?.subject?.ceString ?? "";
        return {
            type: event.type ?? "",
            what: event.textData || event.id || "",
            where: event.source ?? "",
            ids: [["subject", subject], ["source", event.source]].filter(([, value]) => value),
        };
    },
};
