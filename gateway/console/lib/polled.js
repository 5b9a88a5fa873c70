/** A value that is polled while the page is visible. */

import { useEffect, useSignal } from "./kit.js";
import { token } from "./token.js";

/**
 * Return a signal of { value, problem, at }; `get(signal)` is called now and at an interval in seconds,
 * but not while the tab is hidden; once with an interval of 0. It is called anew when `key` changes. The last
 * value stays when a call fails.
 */
export function usePolled(get, every_s, key = "") {
    const found = useSignal({});
    useEffect(() => {
        const ended = new AbortController();
        let timer = null;
        const poll = async () => {
            try {
                if (!every_s || !document.hidden) found.value = { value: await get(ended.signal), at: Date.now() };
            } catch (error) {
                if (!ended.signal.aborted) found.value = { ...found.peek(), problem: error.message };
            }
            if (every_s && !ended.signal.aborted) timer = setTimeout(poll, every_s * 1000);
        };
        poll();
        return () => {
            ended.abort();
            clearTimeout(timer);
        };
    }, [key, token.value]);
    return found;
}
