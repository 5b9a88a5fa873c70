"""What is painted in the console's chart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.e2e.browser import Browser

Colour = tuple[int, int, int, int]
"""Red, green, blue and alpha."""

# How often each colour is in columns of the chart, at parts of its width; in all without these.
_COLUMNS = """(parts) => {
    const canvas = document.querySelector(".chart canvas");
    const [outer, inner] = [canvas, document.querySelector(".u-over")]
        .map((each) => each.getBoundingClientRect());
    const scale = canvas.width / outer.width;
    const copy = new OffscreenCanvas(canvas.width, canvas.height)
        .getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const left = (part) => Math.floor((inner.left - outer.left + part * inner.width) * scale);
    const lefts = parts?.map(left) ?? [...Array(canvas.width).keys()];
    return lefts.map((at) => {
        const { data } = copy.getImageData(at, 0, 1, canvas.height);
        const found = {};
        for (let start = 0; start < data.length; start += 4) {
            const colour = data.slice(start, start + 4).join();
            found[colour] = (found[colour] ?? 0) + 1;
        }
        return found;
    });
}"""


def columns(browser: Browser, parts: Sequence[float] | None = None) -> list[Counter[Colour]]:
    """Return how often each colour is in columns of the chart, at parts of its width or in all."""
    browser.sees(".chart .u-over")
    return [
        Counter({_colour(text): count for text, count in column.items()})
        for column in browser.evaluate(_COLUMNS, parts)
    ]


def reds(column: Counter[Colour]) -> tuple[int, int]:
    """Return how much of a column is faintly red, and how much fully."""
    found = {
        colour: count
        for colour, count in column.items()
        if colour[3] and colour[0] > 2 * max(colour[1:3])
    }
    full = sum(count for colour, count in found.items() if colour[3] > 200)
    return sum(found.values()) - full, full


def _colour(text: str) -> Colour:
    red, green, blue, alpha = map(int, text.split(","))
    return red, green, blue, alpha
