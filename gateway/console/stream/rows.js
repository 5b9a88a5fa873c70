/**
 * The rows of a table with the newest on top, kept oldest first, up to a maximum: a smaller one while the
 * newest are shown, since older ones can be read again.
 *
 * While it is held, new rows are counted and not shown, so that nothing moves while
 * the user reads. There may be several reasons to hold it, each of which is set and cleared separately.
 */

import { computed, signal } from "../lib/kit.js";

const LIMIT = 100_000;
const KEPT = 20_000; // while it is not held
const PAUSE_MS = 200; // between two drawings of what comes

export class Rows {
    constructor() {
        this._rows = [];
        this._reasons = new Set();
        /** The position before which rows were dropped for space; empty = none were. */
        this.cut = "";
        this._timer = null;
        this._end = signal(0); // rows before it are shown
        this._total = signal(0);
        this.version = signal(0);
        /** How many rows are shown. */
        this.shown = computed(() => this._end.value);
        /** How many have arrived while it is held. */
        this.unseen = computed(() => this._total.value - this._end.value);
    }

    /** Return a row by its place from the top, or undefined. */
    at(place) {
        return this._rows[this._end.peek() - 1 - place];
    }

    /** Return the place from the top of a row's key, or -1. */
    placeOf(key) {
        const index = this._rows.findIndex((row) => row.key === key);
        return index < 0 ? -1 : this._end.peek() - 1 - index;
    }

    /** Add what is newer than all others. It is drawn a moment later, with everything that arrives until then. */
    append(rows) {
        this._rows.push(...rows);
        this._timer ??= setTimeout(() => this._draw(), PAUSE_MS);
    }

    /** Add what is older than all others, oldest first, as far as there is space. */
    prepend(rows) {
        const room = Math.max(0, LIMIT - this._rows.length);
        const added = rows.slice(Math.max(0, rows.length - room));
        this._rows.unshift(...added);
        this._end.value += added.length;
        this._total.value = this._rows.length;
        this.version.value += 1;
    }

    /** Whether there is space for older rows. */
    get hasRoom() {
        return this._rows.length < LIMIT;
    }

    /** Hold or release for a reason. It shows new rows when no reason is left. */
    hold(reason, isHeld) {
        if (isHeld) this._reasons.add(reason);
        else this._reasons.delete(reason);
        if (!this._reasons.size) this._draw();
    }

    /** Remove all rows, and start again. */
    clear() {
        this._rows = [];
        this.cut = "";
        this._end.value = 0;
        this._total.value = 0;
        this.version.value += 1;
    }

    _draw() {
        clearTimeout(this._timer);
        this._timer = null;
        const most = this._reasons.size ? LIMIT : KEPT;
        const over = this._rows.length - most;
        // many at once: each removal from the front moves all others
        if (over > most / 10) this._drop(over);
        if (!this._reasons.size) this._end.value = this._rows.length;
        this._total.value = this._rows.length;
        this.version.value += 1;
    }

    /** Drop at least this number of the oldest rows, and only whole records. */
    _drop(least) {
        let count = least;
        while (count < this._rows.length && this._rows[count].seq === this._rows[count - 1].seq) count += 1;
        this._rows.splice(0, count);
        this.cut = this._rows[0]?.seq ?? "";
        this._end.value = Math.max(0, this._end.peek() - count);
    }
}
