/** Loads the stored records of a query into rows, newest first, page by page while scrolling. */

import { History } from "./history.js";

const SCREEN = 50; // rows that are looked for before the reader has to ask for more
const PAGES = 10;

export class Past {
    /** `query` holds the parameters that select records. */
    constructor(rows, query) {
        this._rows = rows;
        this._query = query;
        this._cut = "";
        this._history = new History(query);
        this._ended = new AbortController();
        this._isReading = false;
    }

    /** Start again. Return where the first page ended, { seq, logId }. Throws as `ask` does. */
    async start() {
        this._rows.clear();
        return this.older();
    }

    /** Stop: later answers are ignored, and reading throws an AbortError. */
    stop() {
        this._ended.abort();
    }

    /** Read older records, until there are some more rows or a bound is reached. Throws as `ask` does. */
    async older() {
        if (this._cut !== this._rows.cut) this._readAgain();
        if (this._isReading || this._history.isOver || !this._rows.hasRoom) return null;
        this._isReading = true;
        try {
            return await this._read();
        } finally {
            this._isReading = false;
        }
    }

    /** Continue before the oldest row in the table: others have been dropped since. */
    _readAgain() {
        this._cut = this._rows.cut;
        this._history = new History([...this._query, ["before_seq", this._cut]]);
    }

    async _read() {
        let found = 0;
        let start = null;
        for (let page = 0; page < PAGES && found < SCREEN && !this._history.isOver; page += 1) {
            const { rows, throughSeq, logId } = await this._history.older(this._ended.signal);
            this._ended.signal.throwIfAborted();
            start ??= { seq: throughSeq, logId };
            found += rows.length;
            this._rows.prepend(rows);
        }
        return start;
    }
}
