/**
 * The user's token. It is kept in session storage until the tab is closed, and
 * is sent in one header only.
 */

import { signal } from "./kit.js";

const KEY = "tidings-token";

/** The token; empty = none was needed so far. Code that reads it starts again when it changes. */
export const token = signal(sessionStorage.getItem(KEY) ?? "");

/** Why a token is needed: the service's reason ("missing", "expired", …); null = it is not. */
export const wanted = signal(null);

/** Use another token from now on. */
export function setToken(text) {
    sessionStorage.setItem(KEY, text);
    token.value = text;
    wanted.value = null;
}

/** Forget the token. */
export function forgetToken() {
    sessionStorage.removeItem(KEY);
    token.value = "";
}
