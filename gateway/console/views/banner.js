/** A red line above every view while Tidings cannot record. */

import { Refused, text } from "../lib/api.js";
import { html } from "../lib/kit.js";
import { usePolled } from "../lib/polled.js";

const EVERY_S = 10;
const MEANING = {
    gateway: "The gateway is shutting down",
    service: "The service does not answer",
    write: "Nothing can be stored",
    clock: "The clock of the machine is wrong",
    sources: "A source that is required is not connected",
};

export function Banner() {
    const { value = [] } = usePolled(failing, EVERY_S).value;
    if (!value.length) return null;
    return html`<div class="banner" role="alert">${value.map(({ name, detail }) => html`
        <p key=${name}><b>${MEANING[name] ?? name}</b> ${detail}</p>`)}</div>`;
}

/** Return the checks that fail: lines as "[-]write failed: the disk is full". */
async function failing(signal) {
    const lines = await readiness(signal);
    return lines.filter((line) => line.startsWith("[-]")).map((line) => {
        const [, name, detail] = line.match(/^\[-\](\S+)\s*(.*)$/);
        return { name, detail };
    });
}

async function readiness(signal) {
    try {
        return (await text("/readyz", [["verbose", ""]], { signal })).split("\n");
    } catch (error) {
        if (error instanceof Refused) return error.message.split("\n"); // 503 has the same lines
        if (signal.aborted) throw error;
        return ["[-]service "];
    }
}
