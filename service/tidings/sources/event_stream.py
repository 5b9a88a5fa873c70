"""Server-sent events: bytes in, events out.

Source: WHATWG HTML, "Server-sent events", section "Interpreting an event stream".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_ID_BYTES = 4096
"""A longer id is passed over: it goes into a header of the next request."""

_ENDS = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class ServerSentEvent(NamedTuple):
    """One event: its data, and the id to resume after it ("" = none was ever given)."""

    id: str
    data: bytes


class TooLong(ValueError):
    """An event is longer than is taken; nothing more can be read."""


class EventStreamParser:
    """Cuts one answer into events. The last of it counts only with the empty line after it."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._line = bytearray()
        self._data: list[bytes] = []
        self._size_bytes = 0
        self._id = ""
        self._is_first = True
        self._is_after_cr = False

    def feed(self, piece: bytes) -> Iterator[ServerSentEvent]:
        """Take a piece; yield the events that end in it.

        Raises:
            TooLong: see there.
        """
        if self._is_after_cr and piece:
            piece = piece.removeprefix(b"\n")
            self._is_after_cr = False
        if piece:
            self._is_after_cr = piece.endswith(b"\r")
        *ends, begun = _ENDS.split(piece)
        for end in ends:
            self._add(end)
            line = bytes(self._line)
            self._line.clear()
            if self._is_first:
                line, self._is_first = line.removeprefix(_BOM), False
            if line:
                self._take(line)
            elif self._data:
                yield ServerSentEvent(self._id, b"\n".join(self._data))
            if not line:
                self._data.clear()
                self._size_bytes = 0
        self._add(begun)

    def _add(self, part: bytes) -> None:
        self._size_bytes += len(part)
        if self._size_bytes > self._max_bytes:
            raise TooLong
        self._line += part

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"id" and b"\0" not in value and len(value) <= MAX_ID_BYTES:
            self._id = value.decode("utf-8", "replace")
