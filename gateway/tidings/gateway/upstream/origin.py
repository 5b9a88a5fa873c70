"""The origin of what the gateway publishes, for a service on the same machine to store."""

from __future__ import annotations

from contextvars import ContextVar

from tidings.gateway.transcode.metadata import Metadata

_DOOR = "tidings-door"
_PEER = "tidings-peer"

_origin: ContextVar[Metadata] = ContextVar("origin", default=())


def begin(door: str, peer: str) -> None:
    """Set the door and the client's address of this task's request."""
    _origin.set(((_DOOR, door), (_PEER, peer)))


def with_origin(metadata: Metadata) -> Metadata:
    """Return the metadata of a call that publishes."""
    return (*metadata, *_origin.get())
