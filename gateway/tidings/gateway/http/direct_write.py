"""Fan-out writes: a piece is framed once and written to many clients without waking their tasks.

ASGI has only `send`, which frames every piece anew and only works in the client's own task. For an
event that goes to hundreds of clients both cost more than the writes themselves. So the listeners
put a DirectWriter beside `send`, under `EXTENSION` in the extensions of the scope; without it
everything goes through `send`.

We do not poll writability, which would cost half as much as the write: `open` returns the transport
itself, and the connection revokes it on backpressure, even in the middle of a write.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Generic, Protocol, TypeVar

EXTENSION = "tidings.direct_writer"

Piece = TypeVar("Piece")


class Sink(Protocol):
    """Takes framed pieces for a client at once; a transport is one."""

    def write(self, data: bytes, /) -> object:
        """Take a piece."""
        ...


# Framed pieces that are kept, for readers at slightly different positions.
_MAX_FRAMED = 4


class Framer(Generic[Piece]):
    """Frames pieces for the wire; the frame of the same object is cached for the next client."""

    def __init__(self, frame: Callable[[Piece], bytes]) -> None:
        self._frame = frame
        self._framed: dict[int, tuple[Piece, bytes]] = {}  # by identity, of what is kept here

    def __call__(self, piece: Piece) -> bytes:
        """Return the frame of a piece."""
        found = self._framed.get(id(piece))
        if found is None:
            found = self._framed[id(piece)] = piece, self._frame(piece)
            if len(self._framed) > _MAX_FRAMED:
                del self._framed[next(iter(self._framed))]
        return found[1]


class DirectWriter(ABC, Generic[Piece]):
    """Writes what is streamed to one client, once its answer has begun."""

    __slots__ = ("_connection", "_on_halt", "streamed_bytes")

    framed: ClassVar[Framer[Any]]
    """Frames what is written here. One for all clients of a kind, so that they share frames."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._on_halt: Callable[[], None] | None = None
        self.streamed_bytes = 0
        """What was written to the transport while it was open, as its writers count."""

    @abstractmethod
    def sink(self) -> Sink | None:
        """Return the transport if it may be written to now, None if the client is slow or gone."""

    @abstractmethod
    async def writable(self) -> None:
        """Wait while the client has not read what it was sent."""

    def offer(self, piece: Piece) -> bool:
        """Write a piece at once; False = nothing is written, and `send` is to be used."""
        sink = self.sink() if piece else None
        if sink is None:
            return False
        sink.write(self.framed(piece))
        return True

    def open(self, on_halt: Callable[[], None]) -> Sink | None:
        """Return the transport, to write to until `on_halt` is called or the writer is shut.

        None if the client is slow or gone. Nothing else may write to it meanwhile.
        """
        sink = self.sink()
        if sink is not None:
            self._on_halt = on_halt
            self._connection.streaming = self
        return sink

    def shut(self) -> None:
        """Give the transport back: `on_halt` is not called any more."""
        self._on_halt = None
        self._connection.streaming = None

    def cut(self, *, at_once: bool) -> None:
        """End the connection in the middle of an answer, so that the client sees it is incomplete.

        What was written before is still sent, unless it ends `at_once`.
        """
        self._connection.cut(at_once=at_once)

    def halt(self) -> None:
        """Revoke the transport from the task that has opened this writer."""
        if self._on_halt is not None:
            self._on_halt()


class Connection(Protocol):
    """The connection of a writer. It halts the open one when its client is slow or gone."""

    streaming: DirectWriter[Any] | None

    def cut(self, *, at_once: bool) -> None:
        """End in the middle of an answer, see `DirectWriter.cut`."""
        ...


class HaltingProtocol:
    """What our listeners add to uvicorn's protocols: they halt the writer that is open."""

    streaming: DirectWriter[Any] | None = None
    transport: asyncio.Transport

    def pause_writing(self) -> None:
        """Begin backpressure. A transport calls this, also in the middle of a write."""
        super().pause_writing()  # type: ignore[misc]  # this stands before a protocol of uvicorn
        self.halt()

    def cut(self, *, at_once: bool) -> None:
        """End in the middle of an answer, see `DirectWriter.cut`."""
        self.halt()
        if at_once:
            self.transport.abort()
        else:
            self.transport.close()

    def halt(self) -> None:
        """Revoke the transport from an open writer."""
        if self.streaming is not None:
            self.streaming.halt()


def direct_writer_of(scope: Any) -> DirectWriter[Any] | None:  # noqa: ANN401 - a scope of ASGI
    """Return the writer that the listener has put into a scope."""
    found: DirectWriter[Any] | None = scope.get("extensions", {}).get(EXTENSION)
    return found
