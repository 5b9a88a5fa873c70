"""Keeps the dialects' projections: filled from the store at the start, then fed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tidings.core.clock import Clock
from tidings.core.limits import MIB
from tidings.core.projection import Projection
from tidings.core.record import Record
from tidings.log.time_slices import TimeSlice
from tidings.store.base import EventStore

# The size of one read: all that a projection needs might not fit into memory.
_FILL_BYTES = 8 * MIB


class Projections:
    """At most one projection per system. Belongs to its log."""

    def __init__(
        self, store: EventStore, projections: Mapping[str, Projection], clock: Clock
    ) -> None:
        self._store = store
        self._projections = projections
        self._clock = clock

    async def fill(self, end_seq: int) -> None:
        """Give each projection its newest records up to a position, in pages bounded by bytes.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        for system, projection in self._projections.items():
            after_seq = max(0, await self._store.nth_last(system, projection.depth) - 1)
            while after_seq < end_seq:  # the feed delivers what was committed meanwhile
                page = await self._store.read(
                    after_seq, projection.depth, systems=(system,), max_bytes=_FILL_BYTES
                )
                if not page:
                    break
                for record in page:
                    if record.seq <= end_seq:
                        self._apply(record)
                after_seq = page[-1].seq

    async def take(self, committed: Sequence[Record]) -> None:
        """Give each projection its records of a commit, in slices: there may be a thousand."""
        time_slice = TimeSlice(self._clock)
        for record in committed:
            await time_slice.step()
            self._apply(record)

    def _apply(self, record: Record) -> None:
        """Pass a record to its system's projection. A damaged one must not stop the service."""
        projection = self._projections.get(record.system)
        if projection is None or record.is_damaged:
            return
        try:
            projection.apply(record)
        except Exception:  # noqa: BLE001 - of an older log without checksums, and anything may be in it
            self._store.damage.found(record.seq, record.system)
