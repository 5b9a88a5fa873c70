"""The newest lines of one live stream, and places in it: no I/O, no time."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass
from itertools import chain, islice
from typing import Generic, TypeVar

# One write takes no more: past it little is gained, and a slow client would hold it all. It is a
# quarter more than the service puts into one message, so that what came together goes together: as
# lines it is a little larger, and a second write for the rest would cost nearly as much again.
MAX_CHUNK_BYTES = 320 * 1024

# Of joined pieces that a tail keeps. Readers that are behind move along it together, some a piece
# or two ahead of the others: with the last piece alone, each would have all of its own joined.
_MAX_JOINED = 8

# What one record is for the wire: bytes of whole lines, or text frames; empty = nothing.
Line = TypeVar("Line", bound=Sized)
Item = TypeVar("Item")


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
        self._joined: dict[int, Joined[Line]] = {}  # by the place where it begins

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
            self._joined.pop(self.first, None)
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
        joined = self._joined.get(place)
        if joined is None or not (joined.is_full or joined.end == self.end):
            joined = self._joined[place] = self._join(place)
            if len(self._joined) > _MAX_JOINED:
                del self._joined[next(iter(self._joined))]
        return joined.lines, joined.end

    def _join(self, place: int) -> Joined[Line]:
        rest = islice(self._lines, place - self.first, None)
        parts = next(runs(rest, self._form.size))
        end = place + len(parts)
        return Joined(self._form.join(parts), end, is_full=end < self.end)


@dataclass(frozen=True, slots=True)
class Joined(Generic[Line]):
    """Lines as one piece, and the place after them; full = no more of them would have gone in."""

    lines: Line
    end: int
    is_full: bool


def runs(items: Iterable[Item], size: Callable[[Item], int]) -> Iterator[list[Item]]:
    """Cut items, in order, into runs that one write may hold; at least one item in each."""
    run: list[Item] = []
    size_bytes = 0
    for item in items:
        size_bytes += size(item)
        if run and size_bytes > MAX_CHUNK_BYTES:
            yield run
            run, size_bytes = [], size(item)
        run.append(item)
    if run:
        yield run
