"""Tables as plain text, and sizes in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


class Columns:
    """A table whose columns are as wide as the widest cells of some rows, its first page."""

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        self._widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def line(self, row: Sequence[str]) -> str:
        """Return the line of a row; a cell that is wider than its column moves the others."""
        cells = (text.ljust(width) for text, width in zip(row, self._widths, strict=True))
        return "  ".join(cells).rstrip()


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a line for each row, its cells as wide as the widest of their column."""
    return map(Columns(rows).line, rows)


def shown_bytes(count: int) -> str:
    """Return a number of bytes in the unit that makes it short."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{count} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
