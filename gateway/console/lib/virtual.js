/**
 * A table of any number of rows of equal height, of which only the visible ones have elements.
 *
 * A screen reader sees a grid with all rows; for the Tab key it is one stop, within
 * which the arrow keys, Page Up and Down, Home and End move and Enter opens.
 */

import { html, useEffect, useRef, useSignal } from "./kit.js";

const SPARE = 8; // rows above and below those in sight
const NEAR = 100; // rows from the end at which more are asked for, before the reader comes there

/**
 * `rows` is a Rows, `columns` are the headings, `cells(row)` returns a row's content, `active` is a
 * signal with the key of the row that has the keyboard focus. `onOpen(row)`, `onValue(button)` when a
 * button with data-kind inside of a row is clicked, `onEnd()` near the last row, `onScrolled(isAtTop)`.
 */
export function VirtualRows({ rows, columns, cells, active, label, onOpen, onValue, onEnd, onScrolled }) {
    const box = useRef(null);
    const drawn = useRef(new Map()); // the content of each row in sight: it never changes
    const view = useSignal({ top: 0, height: 0, row: 28 });
    const { version, shown } = rows;
    useEffect(() => measured(box.current, view), []);
    useEffect(() => {
        const { top, height, row } = view.value;
        if ((top + height) / row > shown.value - NEAR) onEnd();
    }, [view.value, version.value]);

    const onScroll = () => {
        const top = box.current.scrollTop;
        view.value = { ...view.value, top };
        onScrolled(top === 0);
    };
    const move = (place) => {
        const to = Math.max(0, Math.min(shown.value - 1, place));
        const target = rows.at(to);
        if (!target) return;
        active.value = target.key;
        onScrolled(to === 0 && box.current.scrollTop === 0);
        reveal(box.current, to, view.value);
    };
    const onKey = (event) => {
        const place = rows.placeOf(active.value);
        const page = Math.max(1, Math.floor(view.value.height / view.value.row) - 1);
        const steps = {
            ArrowDown: place + 1, ArrowUp: place - 1, PageDown: place + page, PageUp: place - page,
            Home: 0, End: shown.value - 1,
        };
        if (event.key in steps) move(steps[event.key]);
        else if (event.key === "Enter" && event.target === box.current && rows.at(place)) onOpen(rows.at(place));
        else return;
        event.preventDefault();
    };

    // one listener for all rows, which come and go by the hundred
    const onClick = ({ target }) => {
        const value = target.closest("[data-kind]");
        const item = rows.at(Number(target.closest("[data-place]")?.dataset.place));
        if (value) onValue(value);
        else if (item) {
            active.value = item.key;
            onOpen(item);
        }
    };

    const { top, height, row } = view.value;
    const first = Math.max(0, Math.floor(top / row) - SPARE);
    const last = Math.min(shown.value, Math.ceil((top + height) / row) + SPARE);
    // So many elements, which show other rows when the view moves: to make and remove them costs more than half of a frame.
    const slots = Math.ceil(height / row) + 2 * SPARE + 1;
    const places = Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index);
    drawn.current = new Map(places.map((place) => rows.at(place)).map((item) => [item, drawn.current.get(item) ?? cells(item)]));
    const isActiveInSight = places.some((place) => rows.at(place)?.key === active.value);
    return html`
        <div class="rows" ref=${box} role="grid" tabindex="0" aria-label=${label}
            aria-rowcount=${shown.value + 1} aria-colcount=${columns.length}
            aria-activedescendant=${isActiveInSight ? rowId(active.value) : undefined}
            onScroll=${onScroll} onKeyDown=${onKey} onClick=${onClick}>
            <div class="row head" role="row" aria-rowindex="1">
                ${columns.map((name) => html`<span role="columnheader">${name}</span>`)}
            </div>
            <div class="body" role="rowgroup" style=${{ height: `${shown.value * row}px` }}>
                ${places.map((place) => line(rows.at(place), place))}
            </div>
        </div>`;

    function line(item, place) {
        const tone = [item.kind, item.tone, item.key === active.value && "active"].filter(Boolean).join(" ");
        return html`
            <div class=${`row ${tone}`} role="row" id=${rowId(item.key)} key=${(shown.value - place) % slots} data-place=${place}
                aria-rowindex=${place + 2} aria-selected=${item.key === active.value}
                style=${{ transform: `translateY(${place * row}px)` }}>
                ${drawn.current.get(item)}
            </div>`;
    }
}

function rowId(key) {
    return `row-${key}`;
}

/** Keep the height of the box and of its rows, which style sheets decide, up to date. */
function measured(element, view) {
    const measure = () => {
        const row = parseFloat(getComputedStyle(element).getPropertyValue("--row"));
        view.value = { top: element.scrollTop, height: element.clientHeight, row };
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
}

/** Scroll as little as needed for a row to be visible, below the fixed heading. */
function reveal(element, place, { row, height }) {
    const top = place * row;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + 2 * row > element.scrollTop + height) element.scrollTop = top + 2 * row - height;
}
