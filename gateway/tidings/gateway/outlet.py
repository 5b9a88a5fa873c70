"""Writing one thing to many clients: framed once, and written without a turn of anybody's task.

ASGI has only `send`, which frames every piece anew and can be called by a client's own task alone.
For an event that goes to hundreds of clients both cost more than the writes themselves. So our
listeners put an outlet beside `send`, under `EXTENSION` in the extensions of the scope; without it
everything goes through `send`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

EXTENSION = "tidings.outlet"

Piece = TypeVar("Piece")
Piece_contra = TypeVar("Piece_contra", contravariant=True)


class Outlet(Protocol[Piece_contra]):
    """Where what is streamed to one client leaves, once its answer has begun."""

    def offer(self, piece: Piece_contra) -> bool:
        """Write a piece at once; False = nothing is written, since the client is slow or gone."""
        ...

    async def writable(self) -> None:
        """Wait while the client does not read what it has got already."""
        ...


def outlet_of(scope: Any) -> Outlet[Any] | None:  # noqa: ANN401 - a scope of ASGI
    """Return the outlet that the listener has put into a scope."""
    found: Outlet[Any] | None = scope.get("extensions", {}).get(EXTENSION)
    return found


class Framer(Generic[Piece]):
    """Frames pieces for the wire; the same object again, for the next client, costs nothing."""

    def __init__(self, frame: Callable[[Piece], bytes]) -> None:
        self._frame = frame
        self._piece: Piece | None = None
        self._framed = b""

    def __call__(self, piece: Piece) -> bytes:
        """Return the frame of a piece."""
        if piece is not self._piece:
            self._piece, self._framed = piece, self._frame(piece)
        return self._framed
