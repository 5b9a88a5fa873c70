/** Requests to the public HTTP API of the server that the page came from. */

import { splitLines } from "./lines.js";
import { token, wanted } from "./token.js";

/** An error answer. `status` is that of HTTP; `reason` is the service's ErrorInfo.reason, or empty. */
export class Refused extends Error {
    constructor(status, message, reason = "") {
        super(message);
        this.status = status;
        this.reason = reason;
    }
}

/** Return the JSON of an answer. Throws Refused, a TypeError if the server does not answer, or an AbortError. */
export async function ask(path, query = [], options = {}) {
    const answer = await request(path, query, options);
    return answer.json();
}

/** Yield the JSON values of an answer with one value a line, as they arrive. Throws as `ask` does. */
export async function* lines(path, query, options = {}) {
    const answer = await request(path, query, options);
    for await (const line of splitLines(answer.body)) yield JSON.parse(line);
}

/** Return the text of an answer. Throws as `ask` does. */
export async function text(path, query = [], options = {}) {
    const answer = await request(path, query, options);
    return answer.text();
}

async function request(path, query, options) {
    const sent = token.peek();
    const headers = { ...options.headers, Prefer: "errors-as-200" }; // or the browser logs each refusal as an error
    if (sent) headers.Authorization = `Bearer ${sent}`;
    const search = new URLSearchParams(query).toString();
    const answer = await fetch(search ? `${path}?${search}` : path, {
        ...options,
        headers,
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        referrerPolicy: "no-referrer",
    });
    const status = Number(answer.headers.get("Tidings-Status") ?? answer.status);
    if (status < 400) return answer;
    const refused = refusal(status, await answer.text());
    if (status === 401 && sent === token.peek()) wanted.value = refused.reason || "invalid";
    throw refused;
}

/** Return the error text of an answer in any system's format: the contract's own is google.rpc.Status. */
function refusal(status, body) {
    try {
        const said = JSON.parse(body);
        const info = (said.details ?? []).find((detail) => detail.reason);
        const message = said.message ?? said.error ?? said.msg ?? body;
        return new Refused(status, String(message), info?.metadata?.problem ?? info?.reason);
    } catch {
        return new Refused(status, body.trim() || `HTTP ${status}`);
    }
}
