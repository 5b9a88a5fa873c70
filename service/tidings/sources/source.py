"""What a source is, and what it may say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tidings.v1 import event_pb2, event_system_pb2, tidings_event_pb2


class Sink(Protocol):
    """Where a source's events go."""

    @property
    def log_id(self) -> str:
        """The log that it goes to."""
        ...

    async def connected(self) -> None:
        """Say that the system answers as it should; again and again if that is simpler."""
        ...

    async def begin(self, position: str) -> None:
        """Say where something begins that was not read before; returns once that is stored.

        On a first run it comes before the first draft: from then on, what is lost can be told.
        """
        ...

    async def put(self, draft: event_pb2.Draft, position: str, size_bytes: int) -> None:
        """Record a draft; waits while too many are not stored yet.

        It must have a key, or one event with an id, which the service makes one of.

        `position` is where to read on once it is stored, `size_bytes` what was read for it.
        """
        ...

    async def reach(self, position: str) -> None:
        """Say where to read on, though nothing was to be recorded there."""
        ...

    async def lost(
        self, after: str, before: str, reason: str, copied_from: Sequence[str] = ()
    ) -> None:
        """Say that events between two positions of the system may be missing, both exclusive.

        `copied_from` names the logs that told it before.
        """
        ...

    async def tell(
        self, state: tidings_event_pb2.SourceState, copied_from: Sequence[str] = ()
    ) -> None:
        """Tell on how a source of the system is doing, where that is a Tidings."""
        ...

    def failed(self, reason: str = "") -> None:
        """Count a failure that needs no new connection. Why, for people; "" = a gap tells it."""
        ...


class Source(Protocol):
    """One running system."""

    @property
    def system(self) -> event_system_pb2.EventSystem.ValueType:
        """Whose events it has."""
        ...

    @property
    def address(self) -> str:
        """Where it is: host and port."""
        ...

    async def follow(self, position: str, sink: Sink) -> None:
        """Read from a position on ("" = this is the first time) until cancelled.

        Raises:
            UpstreamFailed: the system cannot be read now.
        """
        ...
