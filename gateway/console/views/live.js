/** The newest events as they arrive. */

import { html, useEffect, useRef, useSignal } from "../lib/kit.js";
import { route } from "../lib/route.js";
import { count } from "../lib/shown.js";
import { token } from "../lib/token.js";
import { chipsOf, queryOf } from "../stream/filters.js";
import { Live } from "../stream/live.js";
import { Rows } from "../stream/rows.js";
import { EventTable } from "./event_table.js";
import { Filters } from "./filters.js";

const STATES = {
    loading: "Reading what is stored …",
    live: "Live",
    waiting: "The server does not answer; trying again",
    failed: "Stopped",
};

export function LiveView() {
    const rows = useRef(null);
    rows.current ??= new Rows();
    const live = useSignal(null);
    const isPaused = useSignal(false);
    const chips = chipsOf(route.value.params);
    useEffect(() => {
        const running = new Live(rows.current, queryOf(chips));
        live.value = running;
        running.run();
        return () => running.stop();
    }, [JSON.stringify(chips), token.value]);

    const pause = (wanted) => {
        isPaused.value = wanted;
        rows.current.hold("paused", wanted);
    };
    return html`
        <section class="events" aria-label="Live events">
            <${Filters} chips=${chips} />
            <div class="bar">
                <button type="button" aria-pressed=${isPaused.value} onClick=${() => pause(!isPaused.value)}>
                    ${isPaused.value ? "Go on" : "Pause"}
                </button>
                <${Unseen} rows=${rows.current} onCatchUp=${() => pause(false)} />
                <${State} live=${live.value} />
            </div>
            <${EventTable} rows=${rows.current} onEnd=${() => live.value?.older()} />
        </section>`;
}

function State({ live }) {
    const state = live?.state.value ?? "loading";
    return html`<p class=${`state ${state}`} role="status">
        ${STATES[state]}${live?.problem.value && `: ${live.problem.value}`}
    </p>`;
}

/** How many events have arrived that are not shown; a click shows them. */
function Unseen({ rows, onCatchUp }) {
    const unseen = rows.unseen.value;
    if (!unseen) return null;
    const catchUp = () => {
        onCatchUp();
        rows.hold("scrolled", false);
        document.querySelector(".rows").scrollTop = 0;
    };
    return html`<button type="button" class="unseen" onClick=${catchUp}>${count(unseen)} new</button>`;
}
