"""The store for more than one machine: a NATS JetStream cluster, and any number of Tidings on it.

One stream is the log: a record is a message, and its `seq` the message's sequence. `names.py` lists
the kinds of messages. Nothing is kept here that other nodes cannot know.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from functools import lru_cache

from tidings.core.clock import Clock
from tidings.core.damage import DAMAGED, DamageReport
from tidings.core.errors import LogClosed
from tidings.core.record import (
    BIRTH_SEQ,
    SYSTEMS,
    Bounds,
    Draft,
    Record,
    Stretch,
    Weight,
    system_of,
)
from tidings.store.base import TRIM_MARKS, Result, trimmed_through_of
from tidings.store.jetstream.backwards import page_before
from tidings.store.jetstream.commit import Committer, find_keys
from tidings.store.jetstream.consumer import follow
from tidings.store.jetstream.link import Link
from tidings.store.jetstream.message import Message, evened, weight_of
from tidings.store.jetstream.names import RENEWED_ID, Names
from tidings.store.jetstream.read import MessageReader
from tidings.store.jetstream.records import record_of
from tidings.store.jetstream.state import JetStreamState
from tidings.store.jetstream.stretch import read_stretch
from tidings.store.jetstream.trim import Trimmer
from tidings.store.jetstream.watch import Watch

_HIGHEST_SEQ = 2**63 - 1
_WEIGHED_AT_ONCE = 1000
_WEIGHED_BYTES = 4 * 1024 * 1024
_SUBJECTS = 4096  # whose NATS subjects are cached


class JetStreamStore:
    """A log in a stream (`tidings.store.base.EventStore`). Made by `open_jetstream`.

    Belongs to one event loop. Any number of them, on any number of machines, may use one log.
    """

    kind = "jetstream"

    def __init__(
        self, link: Link, names: Names, log_id: str, *, clock: Clock, key_retention_s: float
    ) -> None:
        self._link = link
        self._names = names
        self.log_id = log_id
        self._clock = clock
        self.key_retention_s = key_retention_s
        self._key_retention_us = int(key_retention_s * 1e6)
        self._reader = MessageReader(link, names.log, names.birth)
        self._committer = Committer(link, names, self._reader)
        state_reader = MessageReader(link, names.state)
        self.state = JetStreamState(link, names, state_reader)
        self._trimmer = Trimmer(link, names, self._reader, self.state)
        self._watch = Watch(link, names, self._reader, state_reader, self.state)
        self._watching: asyncio.Task[None] | None = None
        self.damage = DamageReport()
        self._closed = False
        self._filed = lru_cache(_SUBJECTS)(names.filed)

    async def start(self) -> None:
        """Remember which streams these are, and follow the small values until `close`."""
        renewed = await self.state.get(RENEWED_ID)
        if renewed is not None:
            self.log_id = renewed.value.decode()
        self._committer.known_seq = await self._watch.start(lambda: self._committer.known_seq)
        running = self._watch.run(self.log_id)
        self._watching = asyncio.create_task(running)  # noqa: TID251 - `close` awaits it

    async def append(self, drafts: Sequence[Draft]) -> list[Result]:
        """Commit a group and return its results once it is on stable storage."""
        self._check_open()
        return await self._committer.append(drafts)

    async def probe(self, size_bytes: int) -> None:
        """Return when something could be stored now: a small value, which nobody reads."""
        del size_bytes
        self._check_open()
        await self.state.put("probe", b"")

    async def find_keys(
        self, system: str, keys: Collection[str]
    ) -> Mapping[str, tuple[int, bytes]]:
        """Return (seq, digest) of each key that counts."""
        self._check_open()
        found = await find_keys(self._reader, self._names, [(system, key) for key in keys])
        return {key: held for (_, key), held in found.items()}

    async def read(
        self,
        after_seq: int,
        limit: int,
        *,
        systems: Collection[str] | None = None,
        subject: str | None = None,
        max_bytes: int | None = None,
    ) -> list[Record]:
        """Return up to `limit` records past `after_seq`, in order."""
        self._check_open()
        after_seq = min(max(after_seq, BIRTH_SEQ), _HIGHEST_SEQ)
        filters = self._filters(systems, subject)
        return self._records(await self._reader.page(filters, after_seq, limit, max_bytes))

    async def read_before(
        self,
        before_seq: int,
        limit: int,
        *,
        systems: Collection[str] | None = None,
        max_bytes: int | None = None,
    ) -> list[Record]:
        """Return up to `limit` records before `before_seq`, newest first."""
        self._check_open()
        filters = self._filters(systems, None)
        return self._records(await page_before(self._reader, filters, before_seq, limit, max_bytes))

    async def read_at(self, seqs: Sequence[int], *, max_bytes: int | None = None) -> list[Record]:
        """Return the records at these positions, in their order."""
        self._check_open()
        wanted = [seq for seq in seqs if BIRTH_SEQ < seq <= _HIGHEST_SEQ]
        return self._records(await self._reader.several(wanted, max_bytes))

    async def stretch(self, after_seq: int, limit: int, max_bytes: int) -> Stretch:
        """Return records past `after_seq`, and every key of the same positions."""
        self._check_open()
        found = await read_stretch(self._reader, self._names, after_seq, limit, max_bytes)
        for record in found.records:
            if record.is_damaged:
                self.damage.found(record.seq, record.system)
        return found

    async def read_last(self, subject: str, limit: int) -> list[Record]:
        """Return the newest `limit` records of a subject, oldest first."""
        self._check_open()
        covered = self._names.covered(subject)
        newest = (
            await self._reader.last(covered) if limit > 0 else None
        )  # one question, whatever the log holds
        if newest is None:
            return []
        if limit == 1:
            return self._records([newest])
        older = await page_before(self._reader, [covered], newest.seq, limit - 1)
        return self._records([*older[::-1], newest])

    async def nth_last(self, system: str, count: int) -> int:
        """Return the position of a system's `count`-th newest record; 0 without one."""
        self._check_open()
        return await self._reader.nth_last(self._names.covered(system), count)

    async def count(self, system: str, through_seq: int) -> int:
        """Return how many records of a system are retained up to a position."""
        self._check_open()
        covered = self._names.covered(system)
        beyond = await self._reader.count_from(covered, min(through_seq, _HIGHEST_SEQ - 1) + 1)
        # in this order: messages that arrive in between must not be counted as earlier ones
        return max(0, await self._reader.count_from(covered, 1) - beyond)

    async def weigh(self, after_seq: int, through_seq: int) -> Mapping[str, Weight]:
        """Return what each system has between two positions; the messages have to be read."""
        self._check_open()
        found: dict[str, Weight] = {}
        after_seq = max(after_seq, BIRTH_SEQ)
        while after_seq < through_seq:
            page = await self._reader.page(
                [self._names.all_records], after_seq, _WEIGHED_AT_ONCE, _WEIGHED_BYTES
            )
            for message in page:
                if message.seq > through_seq:
                    return found
                system, _ = self._filed(message.subject)
                held = found.get(system, Weight())
                size_bytes = held.size_bytes + weight_of(message)
                found[system] = Weight(held.records + 1, size_bytes)
            if not page:
                break
            after_seq = page[-1].seq
        return found

    async def seek(self, system: str | None, at_or_after_us: int) -> int:
        """Return the first position stored at or after a time."""
        self._check_open()
        end_seq = await self._reader.last_seq()  # first, or new messages would be skipped
        found = await self._reader.first_since(self._filter(system), at_or_after_us)
        return found.seq if found else end_seq + 1

    async def bounds(self, system: str | None = None) -> Bounds:
        """Return what is retained."""
        self._check_open()
        wanted = self._filter(system)
        first = await self._reader.first(wanted, BIRTH_SEQ + 1)
        last = await self._reader.last(wanted) if first else None
        trimmed_through = trimmed_through_of(system, await self.state.list(TRIM_MARKS))
        end_seq = await self._reader.last_seq()
        if first is None or last is None:
            return Bounds(0, 0, trimmed_through, end_seq)
        return Bounds(first.seq, last.seq, trimmed_through, end_seq)

    async def end_seq(self, hoped_seq: int = 0) -> int:
        """Return the newest position that the log ever gave."""
        self._check_open()
        return await self._reader.last_seq(hoped_seq)

    async def size_bytes(self) -> int | None:
        """Return what the stream takes on each of its servers."""
        self._check_open()
        return int((await self._reader.info())["state"]["bytes"])

    async def committed(self, after_seq: int) -> AsyncIterator[Sequence[Record]]:
        """Yield every record past `after_seq` as it is committed, by whichever node."""
        batches = follow(
            self._link, self._names.log, self._names.all_records, after_seq, self._check_whole
        )
        at_us = 0
        try:
            async for batch in batches:
                self._committer.known_seq = max(self._committer.known_seq, batch[-1].seq)
                records = []
                for message in batch:
                    at_us = evened(at_us, message.at_us)
                    records.append(self._record(message, at_us))
                yield records
        finally:
            await batches.aclose()  # type: ignore[attr-defined]  # it is a generator

    async def trim(self, subject: str, through_seq: int) -> int:
        """Delete the subject's records up to `through_seq`, after marking them gone."""
        self._check_open()
        key_floor_us = self._clock.now_us() - self._key_retention_us
        return await self._trimmer.trim(subject, min(through_seq, _HIGHEST_SEQ), key_floor_us)

    async def give_back(self) -> int:
        """Return 0: NATS servers free space by themselves."""
        self._check_open()
        return 0

    async def mark_lost(self) -> None:
        """Mark every system as trimmed through the last position that is missing, if one is."""
        lost_seq = await self._watch.last_lost()
        for system in SYSTEMS if lost_seq else ():
            await self._trimmer.mark(system, lost_seq)

    async def close(self) -> None:
        """Finish pending work and close the connection; a second call does nothing."""
        self._closed = True
        await self._committer.finish()
        self.state.close()
        if not self._link.closed:
            await self._link.close()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])

    def _filters(self, systems: Collection[str] | None, subject: str | None) -> list[str]:
        """Return filters that together say what is wanted and do not overlap."""
        if subject is not None:
            wanted = systems is None or system_of(subject) in systems
            return [self._names.covered(subject)] if wanted else []
        if systems is None or set(systems).issuperset(SYSTEMS):
            return [self._names.all_records]
        return [self._names.covered(system) for system in set(systems)]

    def _filter(self, system: str | None) -> str:
        return self._names.all_records if system is None else self._names.covered(system)

    def _records(self, messages: Sequence[Message]) -> list[Record]:
        return [self._record(message, message.at_us) for message in messages]

    def _record(self, message: Message, at_us: int) -> Record:
        system, subject = self._filed(message.subject)
        record = record_of(message, at_us, system, subject)
        if record.body is DAMAGED:
            self.damage.found(message.seq, system)
        return record

    async def _check_whole(self) -> None:
        self._check_open()
        await self._watch.check()

    def _check_open(self) -> None:
        if self._closed:
            raise LogClosed
