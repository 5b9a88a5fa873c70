/** Events that were fired in Consul, as they arrive, and a form that fires one. */

import { ask } from "../lib/api.js";
import { html, useEffect, useRef, useSignal } from "../lib/kit.js";
import { route } from "../lib/route.js";
import { token } from "../lib/token.js";
import { chipsOf, queryOf } from "../stream/filters.js";
import { Live } from "../stream/live.js";
import { Rows } from "../stream/rows.js";
import { EventTable } from "./event_table.js";
import { Chips } from "./filters.js";

const FIELDS = [
    { name: "node", label: "Nodes (regular expression)" },
    { name: "service", label: "Services (regular expression)" },
    { name: "tag", label: "Tags of the service (regular expression)" },
];

export function ConsulView() {
    const rows = useRef(null);
    rows.current ??= new Rows();
    const live = useSignal(null);
    const chips = chipsOf(route.value.params).filter(([kind]) => kind !== "system");
    useEffect(() => {
        const running = new Live(rows.current, queryOf([["system", "consul"], ...chips]));
        live.value = running;
        running.run();
        return () => running.stop();
    }, [JSON.stringify(chips), token.value]);
    return html`
        <section class="events" aria-label="Consul">
            <${FireForm} />
            <${Chips} chips=${chips} />
            ${live.value?.problem.value && html`<p class="problem" role="alert">${live.value.problem.value}</p>`}
            <${EventTable} rows=${rows.current} onEnd=${() => live.value?.older()} />
        </section>`;
}

function FireForm() {
    const form = useRef(null);
    const told = useSignal({});
    const fire = async (event) => {
        event.preventDefault();
        const { name, payload, ...filters } = Object.fromEntries(new FormData(form.current));
        const query = Object.entries(filters).filter(([, value]) => value);
        try {
            const fired = await ask(`/v1/event/fire/${encodeURIComponent(name)}`, query, { method: "PUT", body: payload });
            told.value = { done: `Fired ${fired.Name}` };
            form.current.reset();
        } catch (error) {
            told.value = { problem: error.message };
        }
    };
    const { done, problem } = told.value;
    return html`
        <details class="fire"><summary>Fire an event</summary>
            <form ref=${form} onSubmit=${fire}>
                <label>Name <input name="name" required autocomplete="off" spellcheck=${false} /></label>
                <label>Payload <textarea name="payload" rows="2" spellcheck=${false}></textarea></label>
                ${FIELDS.map(({ name, label }) => html`
                    <label key=${name}>${label} <input name=${name} autocomplete="off" spellcheck=${false} /></label>`)}
                <button type="submit">Fire</button>
                <p role="status" class=${problem ? "problem" : "good"}>${problem ?? done}</p>
            </form>
        </details>`;
}
