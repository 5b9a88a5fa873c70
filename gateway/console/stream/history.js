/** Reads stored records page by page, newest first. */

import { ask } from "../lib/api.js";
import { rowsOf } from "../systems/systems.js";
import { gapRow } from "./gap.js";

const FIRST_PAGE = 200; // more than a screen, and soon here
const LARGEST_PAGE = 1000; // its rows are made without a pause that could be seen

export class History {
    /** `query` holds the parameters that select records. */
    constructor(query) {
        this._query = [...query, ["order", "READ_ORDER_NEWEST_FIRST"]];
        this._size = FIRST_PAGE;
        this._token = "";
        /** Whether the oldest stored record was reached. */
        this.isOver = false;
    }

    /**
     * Return the next rows, oldest first, with the position that the first page reached. Pages
     * grow: users who continue want more, and every page costs a round trip and a repaint.
     */
    async older(signal) {
        const query = [...this._query, ["page_size", this._size]];
        if (this._token) query.push(["page_token", this._token]);
        const page = await ask("/v1/records", query, { signal });
        this._size = Math.min(2 * this._size, LARGEST_PAGE);
        this._token = page.nextPageToken ?? "";
        this.isOver = !this._token;
        const gaps = (page.gaps ?? []).map(gapRow);
        const rows = [...gaps, ...(page.records ?? []).toReversed().flatMap(rowsOf)]; // almost sorted: quick to sort
        rows.sort((one, two) => Number(BigInt(one.seq) - BigInt(two.seq)));
        return { rows, throughSeq: page.throughSeq ?? "0", logId: page.logId ?? "" };
    }
}
