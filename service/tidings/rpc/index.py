"""What the rpc room queries before it reads the log (`tidings.index.reader` answers)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from tidings.core.conditions import Conditions
from tidings.core.extent import Extent, Found
from tidings.core.object_question import Newest, StateQuestion
from tidings.core.tallies import Tallied, TallyQuestion


class Index(Protocol):
    """Answers None if it does not know."""

    @property
    def known(self) -> Extent | None:
        """Its content at the last look."""
        ...

    async def extent(self) -> Extent | None:
        """Return what it knows of the log; None = nothing."""
        ...

    async def find(
        self,
        systems: Collection[str] | None,
        conditions: Conditions,
        after_seq: int,
        before_seq: int,
        limit: int,
        *,
        newest_first: bool,
    ) -> Found | None:
        """Return the first positions between two of records that may match conditions."""
        ...

    async def tally(self, asked: TallyQuestion) -> tuple[Extent, Sequence[Tallied]] | None:
        """Return counts of what it knows."""
        ...

    async def states(self, asked: StateQuestion) -> tuple[Extent, Sequence[Newest]] | None:
        """Return the objects that existed, those with the newest events first."""
        ...

    async def versions(
        self, name: int, after_seq: int, before_seq: int, limit: int
    ) -> Found | None:
        """Return the newest positions between two that carry an object or a name."""
        ...
