"""Trims a log in its stream: a durable mark first, then the records, then the keys of those."""

from __future__ import annotations

from tidings.core.errors import StateConflict
from tidings.core.record import BIRTH_SEQ
from tidings.store.base import TRIM_MARKS
from tidings.store.jetstream.link import Link
from tidings.store.jetstream.names import Names
from tidings.store.jetstream.read import MessageReader
from tidings.store.jetstream.state import JetStreamState


class Trimmer:
    """Trims one log; other nodes may trim it at the same time."""

    def __init__(
        self, link: Link, names: Names, reader: MessageReader, state: JetStreamState
    ) -> None:
        self._link = link
        self._names = names
        self._reader = reader
        self._state = state

    async def trim(self, subject: str, through_seq: int, key_floor_us: int) -> int:
        """Delete the subject's records up to a position, and return how many.

        The keys of a system's records are deleted too, except those that were stored at the floor
        or later.

        Raises:
            StoreUnavailable: the store cannot be asked; some may be deleted.
        """
        covered = self._names.covered(subject)
        newest_seq = await self._newest_through(covered, through_seq)
        if not newest_seq:
            return 0
        await self.mark(subject, newest_seq)
        deleted = await self._purge(covered, newest_seq)
        if "." not in subject:
            await self._purge_keys(subject, newest_seq, key_floor_us)
        return deleted

    async def mark(self, subject: str, through_seq: int) -> None:
        """Mark durably that records up to a position may be gone; a mark only increases."""
        name = TRIM_MARKS + subject
        while True:
            held = await self._state.get(name)
            if held is not None and int(held.value) >= through_seq:
                return
            try:
                await self._state.put(
                    name, b"%d" % through_seq, expect_revision=held.revision if held else 0
                )
            except StateConflict:
                continue  # another node trims too: the higher mark counts
            return

    async def _newest_through(self, covered: str, through_seq: int) -> int:
        found = await self._reader.newest_each([covered], through_seq)
        if found is not None:
            return max((message.seq for message in found.values()), default=0)
        # Too many subjects to look up each: none of their records is between the two.
        first = await self._reader.first(covered, BIRTH_SEQ + 1)
        end_seq = await self._reader.last_seq()
        return min(through_seq, end_seq) if first and first.seq <= through_seq else 0

    async def _purge(self, covered: str, through_seq: int) -> int:
        request = {"filter": covered, "seq": through_seq + 1}
        answer = await self._link.insist(
            "trim", lambda: self._link.api(f"STREAM.PURGE.{self._names.log}", request)
        )
        return int(answer["purged"])

    async def _purge_keys(self, system: str, through_seq: int, floor_us: int) -> None:
        """Delete the keys of a system's trimmed records, unless they are young."""
        keys = self._names.keys_of(system)
        young = await self._reader.first_since(keys, floor_us)
        last_seq = min(through_seq, young.seq) - 1 if young else through_seq - 1
        await self._purge(keys, last_seq)
