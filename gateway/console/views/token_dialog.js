/** Asks for a token, when the server has said that it needs one. */

import { html, useEffect, useRef } from "../lib/kit.js";
import { setToken, wanted } from "../lib/token.js";

const PROBLEMS = {
    missing: "This server needs a token. Its operator can create one: tidings token create.",
    unknown: "The server does not know this token.",
    expired: "This token has expired.",
    revoked: "This token was revoked.",
};

export function TokenDialog() {
    const dialog = useRef(null);
    const field = useRef(null);
    useEffect(() => {
        dialog.current.showModal();
        return () => dialog.current?.close();
    }, []);
    const submit = (event) => {
        event.preventDefault();
        const text = field.current.value.trim();
        if (text) setToken(text);
    };
    return html`
        <dialog ref=${dialog} aria-labelledby="token-title" onCancel=${(event) => event.preventDefault()}>
            <form onSubmit=${submit}>
                <h2 id="token-title">A token is needed</h2>
                <p role="alert">${PROBLEMS[wanted.value] ?? "The server does not accept this token."}</p>
                <label>Token <input ref=${field} type="password" autocomplete="off" required autofocus /></label>
                <p><small>Kept until this tab is closed, and sent to this server only.</small></p>
                <button type="submit">Go on</button>
            </form>
        </dialog>`;
}
