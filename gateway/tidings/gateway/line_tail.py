"""The newest lines of one live stream, and places in it: no I/O, no time."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence, Sized
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

# One write takes no more: past it little is gained, and a slow client would hold it all.
MAX_CHUNK_BYTES = 256 * 1024

# What one record is for the wire: bytes of whole lines, or text frames; empty = nothing.
Line = TypeVar("Line", bound=Sized)


@dataclass(frozen=True, slots=True)
class Form(Generic[Line]):
    """How lines of one kind are put together (none of them: the empty one) and measured."""

    join: Callable[[Iterable[Line]], Line]
    size: Callable[[Line], int]


def _join_frames(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(chain.from_iterable(parts))


def _size_of_frames(frames: Sequence[str]) -> int:
    return sum(map(len, frames))


BYTES: Form[bytes] = Form(b"".join, len)
FRAMES: Form[tuple[str, ...]] = Form(_join_frames, _size_of_frames)


class LineTail(Generic[Line]):
    """Rendered lines in the order of their positions, the newest ones up to a bound.

    A *place* counts lines from the beginning of the stream, so it stays true when old lines go.
    `first` is the place of the oldest line that is held, `end` the place of the next to come.
    Everything that was selected after position `covers_after` and up to `last_seq` is held, so a
    reader can begin here whose own position is not before it.
    """

    def __init__(self, position: int, form: Form[Line]) -> None:
        self._form = form
        self.first = 0
        self.covers_after = position
        self.last_seq = position
        self.size_bytes = 0
        self._seqs: deque[int] = deque()
        self._lines: deque[Line] = deque()
        self._joined: tuple[int, int, tuple[Line, int]] = (0, 0, (form.join(()), 0))

    @property
    def end(self) -> int:
        """The place of the next line."""
        return self.first + len(self._lines)

    def append(self, seq: int, line: Line) -> None:
        """Add a line. A line without a position of its own stands at the last one."""
        self.last_seq = max(self.last_seq, seq)
        self._seqs.append(self.last_seq)
        self._lines.append(line)
        self.size_bytes += self._form.size(line)

    def lack(self, seq: int) -> None:
        """Know that something up to this position, which may be still to come, was lost.

        Those whose lines these are were told so; whoever begins later must have passed it.
        """
        self.covers_after = max(self.covers_after, seq)

    def advance(self, seq: int) -> None:
        """Know that nothing more comes up to this position."""
        self.last_seq = max(self.last_seq, seq)

    def trim(self, max_bytes: int) -> None:
        """Let the oldest lines go until the rest fits; the newest always stays."""
        while self.size_bytes > max_bytes and len(self._lines) > 1:
            self.covers_after = max(self.covers_after, self._seqs.popleft())
            self.size_bytes -= self._form.size(self._lines.popleft())
            self.first += 1

    def place_after(self, seq: int) -> int:
        """Return the place of the first line past a position that is not before `covers_after`."""
        return self.first + bisect_right(self._seqs, seq)

    def seq_at(self, place: int) -> int:
        """Return the position of the line at a place that is held."""
        return self._seqs[place - self.first]

    def take(self, place: int) -> tuple[Line, int]:
        """Return the lines from a place on that is held, joined, and the place after them.

        At least one line. Readers at the same place get the same object.
        """
        index = place - self.first
        if index == len(self._lines) - 1:
            return self._lines[index], place + 1
        if self._joined[:2] == (place, self.end):
            return self._joined[2]
        parts: list[Line] = []
        size_bytes = 0
        while index < len(self._lines):
            size_bytes += self._form.size(self._lines[index])
            if parts and size_bytes > MAX_CHUNK_BYTES:
                break
            parts.append(self._lines[index])
            index += 1
        taken = self._form.join(parts), place + len(parts)
        self._joined = (place, self.end, taken)
        return taken
