/** Loads stored records and then new ones into rows, while one selection is shown. */

import { signal } from "../lib/kit.js";
import { rowsOf } from "../systems/systems.js";
import { follow, isFinal, pause } from "./follow.js";
import { gapRow } from "./gap.js";
import { Past } from "./past.js";

const PAUSE_MS = 1000;

export class Live {
    /** `query` holds the parameters that select records. */
    constructor(rows, query) {
        this._rows = rows;
        this._query = query;
        this._past = null;
        this._ended = new AbortController();
        this._hasFollowed = false;
        /** "loading", "live", "waiting" (for the server to come back), or "failed". */
        this.state = signal("loading");
        /** What went wrong, or empty. */
        this.problem = signal("");
    }

    /** Run until it is stopped. Does not throw. */
    async run() {
        const { signal: ended } = this._ended;
        while (!ended.aborted) {
            try {
                await this._once(ended);
            } catch (error) {
                if (ended.aborted) return;
                // the server refuses a position of another log: this one was restored, or is new
                const isOtherLog = error.status === 400 && this._hasFollowed;
                if (isFinal(error) && !isOtherLog) return this._fail(error);
                this._hasFollowed = false;
                this.state.value = "waiting";
                await pause(PAUSE_MS, ended);
            }
        }
    }

    /** Stop: later answers are ignored. */
    stop() {
        this._ended.abort();
        this._past?.stop();
    }

    /** Read older records. Does not throw. */
    async older() {
        try {
            await this._past?.older();
        } catch (error) {
            if (!this._ended.signal.aborted) this.problem.value = error.message;
        }
    }

    async _once(ended) {
        this._past = new Past(this._rows, this._query);
        const start = await this._past.start();
        this.state.value = "live";
        this.problem.value = "";
        for await (const part of follow(this._query, start, ended)) this._take(part);
    }

    _take({ record, gap, connected }) {
        if (record) this._rows.append(rowsOf(record));
        if (gap) this._rows.append([gapRow(gap)]);
        this.state.value = connected === false ? "waiting" : "live";
        this._hasFollowed ||= connected !== false;
    }

    _fail(error) {
        this.problem.value = error.message;
        this.state.value = "failed";
    }
}
