"""Lines out of a body that comes in pieces, bounded: a line that is too long is skipped whole."""

from __future__ import annotations

from collections.abc import Iterator


class LineSplitter:
    """Cuts pieces into lines without their ends. A line past `max_bytes` comes out as None."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._begun = bytearray()
        self._is_skipping = False

    def feed(self, piece: bytes) -> Iterator[bytes | None]:
        """Take a piece; yield the lines that end in it, without empty ones."""
        *ended, begun = piece.split(b"\n")
        for end in ended:
            if self._take(end):
                line = bytes(self._begun).rstrip(b"\r")
                self._begun.clear()
                if line:
                    yield line
            else:
                self._is_skipping = False
                yield None
        self._take(begun)

    def _take(self, part: bytes) -> bool:
        """Add a part to the line; say whether the line is short enough so far."""
        if not self._is_skipping and len(self._begun) + len(part) <= self._max_bytes:
            self._begun += part
            return True
        self._is_skipping = True
        self._begun.clear()
        return False
