"""The newest lines of one live stream, and places in it: no I/O, no time."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass
from itertools import chain, islice
from typing import Generic, TypeVar

# The most of one write: more gains little, and a slow client would hold it all in memory. It is a
# quarter more than the service puts into one message, whose lines are a little larger than it, so
# that a message is one write: a second one for the rest would cost nearly as much again.
MAX_CHUNK_BYTES = 320 * 1024

# Joined pieces that a tail caches. Readers that are behind move along it together, some a piece or
# two ahead of the others: with only the last piece cached, each would join all pieces anew.
_MAX_JOINED = 8

# What one record is for the wire: bytes of whole lines, or text frames; empty = nothing.
Line = TypeVar("Line", bound=Sized)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Form(Generic[Line]):
    """How lines of one kind are joined (none of them: the empty one) and measured."""

    join: Callable[[Iterable[Line]], Line]
    size: Callable[[Line], int]


def _join_frames(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(chain.from_iterable(parts))


def _size_of_frames(frames: Sequence[str]) -> int:
    return sum(map(len, frames))


BYTES: Form[bytes] = Form(b"".join, len)
FRAMES: Form[tuple[str, ...]] = Form(_join_frames, _size_of_frames)


class LineTail(Generic[Line]):
    """Printed lines in the order of their positions, the newest ones up to a limit.

    A *place* counts lines from the beginning of the stream, so it stays valid when old lines are
    dropped. `first` is the place of the oldest line that is held, `end` the place of the next to
    come. Everything that was selected after position `covers_after` and up to `last_seq` is held,
    so a reader can begin here whose own position is not before it.
    """

    def __init__(self, position: int, form: Form[Line]) -> None:
        self._form = form
        self.first = 0
        self.covers_after = position
        self.last_seq = position
        self._seqs: deque[int] = deque()
        self._lines: deque[Line] = deque()
        self._ends: deque[int] = deque()  # bytes from the beginning of the stream to a line's end
        self._start_bytes = 0  # the same for the beginning of the first line, and the end of all
        self._end_bytes = 0
        self._breaks: deque[int] = deque()  # places where what was added together ends
        self._joined: dict[int, Joined[Line]] = {}  # by the place where it begins

    @property
    def end(self) -> int:
        """The place of the next line."""
        return self.first + len(self._lines)

    @property
    def end_bytes(self) -> int:
        """The size of all lines from the beginning of the stream."""
        return self._end_bytes

    @property
    def size_bytes(self) -> int:
        """The size of all lines that are held."""
        return self._end_bytes - self._start_bytes

    def bytes_from(self, place: int) -> int:
        """Return the size of the lines that are held from a place on, which may be gone."""
        return self._end_bytes - (
            self._ends[place - self.first - 1] if place > self.first else self._start_bytes
        )

    def extend(self, lines: Iterable[tuple[int, Line]]) -> None:
        """Add lines, each with its position; one without (0) stands at the last one.

        An empty line is not held; it means that nothing more comes up to its position.
        """
        for seq, line in lines:
            self.last_seq = max(self.last_seq, seq)
            if line:
                self._seqs.append(self.last_seq)
                self._lines.append(line)
                self._end_bytes += self._form.size(line)
                self._ends.append(self._end_bytes)
        self._breaks.append(self.end)

    def lack(self, seq: int) -> None:
        """Note that something up to this position, which may be in the future, was lost.

        Current readers get the gap; readers that begin later must have passed it.
        """
        self.covers_after = max(self.covers_after, seq)

    def trim(self, max_bytes: int, before: int) -> None:
        """Drop the oldest lines until the rest fits; those from a place on always stay."""
        start_bytes = self._end_bytes - max_bytes
        while self._start_bytes < start_bytes and self.first < before:
            self._start_bytes = self._ends.popleft()
            self._lines.popleft()
            self.covers_after = max(self.covers_after, self._seqs.popleft())
            self._joined.pop(self.first, None)
            self.first += 1
        while self._breaks and self._breaks[0] <= self.first:
            self._breaks.popleft()

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
            joined = self._joined[place] = self._join(place, joined)
            if len(self._joined) > _MAX_JOINED:
                del self._joined[next(iter(self._joined))]
        return joined.lines, joined.end

    def _join(self, place: int, earlier: Joined[Line] | None) -> Joined[Line]:
        rest = islice(self._lines, place - self.first, None)
        parts = next(runs(rest, self._form.size))
        end = place + len(parts)
        is_full = end < self.end
        if is_full:
            # End where an earlier reader ended, so that both take the same pieces from there on.
            at = bisect_right(self._breaks, end) - 1
            if at >= 0 and self._breaks[at] > place:
                end = self._breaks[at]
        if earlier is not None and earlier.end == end:
            return Joined(earlier.lines, end, is_full)
        return Joined(self._form.join(parts[: end - place]), end, is_full)


@dataclass(frozen=True, slots=True)
class Joined(Generic[Line]):
    """Lines as one piece, and the place after them; full = no more of them would have gone in."""

    lines: Line
    end: int
    is_full: bool


def runs(items: Iterable[Item], size: Callable[[Item], int]) -> Iterator[list[Item]]:
    """Split items, in order, into runs that one write may hold; at least one item in each."""
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
