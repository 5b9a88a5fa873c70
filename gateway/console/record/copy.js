/** A button that copies a text. Without the clipboard's permission it shows the text to be copied. */

import { html, useSignal } from "../lib/kit.js";

const TOLD_MS = 2000;

export function Copy({ name, text }) {
    const state = useSignal("");
    const copy = async () => {
        try {
            await navigator.clipboard.writeText(text);
            state.value = "copied";
            setTimeout(() => { state.value = ""; }, TOLD_MS);
        } catch {
            state.value = "shown"; // pages over plain HTTP of another machine have no clipboard
        }
    };
    return html`
        <button type="button" title=${text.length < 500 ? text : undefined} onClick=${copy}>
            ${state.value === "copied" ? "Copied" : `Copy ${name}`}
        </button>
        ${state.value === "shown" && html`<input class="copied" readonly value=${text} aria-label=${`Text of ${name}`}
            onFocus=${(event) => event.currentTarget.select()} />`}`;
}
