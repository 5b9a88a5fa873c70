"""The objects of a body, one after another, as its chunks come."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterator

from tidings.gateway.time_slices import TimeSlices
from tidings.gateway.upload.limits import MAX_OBJECT_BYTES, SLICE_BYTES
from tidings.gateway.upload.splitter import JsonSplitter, Piece

Read = Callable[[], Awaitable[bytes | None]]
"""Returns the next chunk of a body, None after the last."""


class Pieces:
    """Splits one body into objects of at most `max_bytes`. Reads chunks as they are needed."""

    def __init__(self, read: Read, slices: TimeSlices, max_bytes: int = MAX_OBJECT_BYTES) -> None:
        self._read = read
        self._slices = slices
        self._splitter = JsonSplitter(max_bytes)
        self._parts: Iterator[bytes] = iter(())  # of the chunk
        self._found: Iterator[Piece] = iter(())  # in the slice
        self._ahead: deque[Piece] = deque()  # taken, and not returned yet
        self._has_ended = False

    @classmethod
    def of(cls, body: bytes, slices: TimeSlices) -> Pieces:
        """Return the objects of a body that has been read."""
        chunks = iter([body])

        async def read() -> bytes | None:
            return next(chunks, None)

        return cls(read, slices)

    @property
    def held_bytes(self) -> int:
        """Of the object that is not complete."""
        return self._splitter.held_bytes

    @property
    def is_array(self) -> bool:
        """Whether the body is an array, as far as it has been read."""
        return self._splitter.is_array

    async def take(self) -> Piece | None:
        """Return the next object; None = there are no more.

        Raises:
            Exception: whatever reading a chunk raises.
        """
        return self._ahead.popleft() if self._ahead else await self._next()

    async def first(self, count: int) -> list[Piece]:
        """Return the first objects, at most `count`, which are still to be taken."""
        while len(self._ahead) < count and (piece := await self._next()) is not None:
            self._ahead.append(piece)
        return list(self._ahead)

    async def _next(self) -> Piece | None:
        while True:
            await self._slices.step()
            if (piece := next(self._found, None)) is not None or self._has_ended:
                return piece
            if (part := next(self._parts, None)) is not None:
                self._found = self._splitter.feed(part)
            elif (chunk := await self._read()) is not None:
                self._parts = _parts(chunk)
            else:
                self._has_ended = True
                self._found = iter(self._splitter.end())


def _parts(chunk: bytes) -> Iterator[bytes]:
    return (chunk[at : at + SLICE_BYTES] for at in range(0, len(chunk), SLICE_BYTES))
