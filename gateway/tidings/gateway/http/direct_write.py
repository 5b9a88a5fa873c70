"""Writing one thing to many clients: framed once, and written without a turn of anybody's task.

ASGI has only `send`, which frames every piece anew and can be called by a client's own task alone.
For an event that goes to hundreds of clients both cost more than the writes themselves. So our
listeners put an outlet beside `send`, under `EXTENSION` in the extensions of the scope; without it
everything goes through `send`.

Nor does anybody ask before each piece whether a client reads, which would cost half as much as the
write: who opens an outlet gets the transport itself, and is halted by the connection as soon
as it must not be used any more, be it in the middle of that very write.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Generic, Protocol, TypeVar

EXTENSION = "tidings.outlet"

Piece = TypeVar("Piece")


class Sink(Protocol):
    """Takes framed pieces for a client at once; a transport is one."""

    def write(self, data: bytes, /) -> object:
        """Take a piece."""
        ...


# Of framed pieces that are kept: as many as readers that are behind may be apart.
_MAX_FRAMED = 4


class Framer(Generic[Piece]):
    """Frames pieces for the wire; the same object again, for the next client, costs nothing."""

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


class Outlet(ABC, Generic[Piece]):
    """Where what is streamed to one client leaves, once its answer has begun."""

    __slots__ = ("_connection", "_on_halt")

    framed: ClassVar[Framer[Any]]
    """Frames what is written here. One for all clients of a kind, so that they share frames."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._on_halt: Callable[[], None] | None = None

    @abstractmethod
    def sink(self) -> Sink | None:
        """Return what may be written to at this moment, None if the client is slow or gone."""

    @abstractmethod
    async def writable(self) -> None:
        """Wait while the client does not read what it has got already."""

    def offer(self, piece: Piece) -> bool:
        """Write a piece at once; False = nothing is written: `send` decides what that means."""
        sink = self.sink() if piece else None
        if sink is None:
            return False
        sink.write(self.framed(piece))
        return True

    def open(self, on_halt: Callable[[], None]) -> Sink | None:
        """Return what may be written to until `on_halt` is called or the outlet is shut.

        None if the client is slow or gone. Nothing else may write to it meanwhile.
        """
        sink = self.sink()
        if sink is not None:
            self._on_halt = on_halt
            self._connection.streaming = self
        return sink

    def shut(self) -> None:
        """Have nobody told of anything any more."""
        self._on_halt = None
        self._connection.streaming = None

    def cut(self, *, at_once: bool) -> None:
        """End the connection in the middle of an answer: so its client knows that it is not whole.

        What is written already goes out before, unless it is to end `at_once`.
        """
        self._connection.cut(at_once=at_once)

    def halt(self) -> None:
        """Tell whoever has opened the outlet to write no more."""
        if self._on_halt is not None:
            self._on_halt()


class Connection(Protocol):
    """What an outlet is of. It halts the one that is open when its client is slow or gone."""

    streaming: Outlet[Any] | None

    def cut(self, *, at_once: bool) -> None:
        """End in the middle of an answer, see `Outlet.cut`."""
        ...


class HaltingProtocol:
    """What our listeners add to uvicorn's protocols: they halt the outlet that is open."""

    streaming: Outlet[Any] | None = None
    transport: asyncio.Transport

    def pause_writing(self) -> None:
        """Take no more until the client reads. A transport calls this, also while it writes."""
        super().pause_writing()  # type: ignore[misc]  # this stands before a protocol of uvicorn
        self.halt()

    def cut(self, *, at_once: bool) -> None:
        """End in the middle of an answer, see `Outlet.cut`."""
        self.halt()
        if at_once:
            self.transport.abort()
        else:
            self.transport.close()

    def halt(self) -> None:
        """Have nothing more written by whoever does not ask before."""
        if self.streaming is not None:
            self.streaming.halt()


def outlet_of(scope: Any) -> Outlet[Any] | None:  # noqa: ANN401 - a scope of ASGI
    """Return the outlet that the listener has put into a scope."""
    found: Outlet[Any] | None = scope.get("extensions", {}).get(EXTENSION)
    return found
