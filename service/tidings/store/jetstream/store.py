"""The store for more than one machine: a NATS JetStream cluster, and any number of Tidings on it.

One stream is the log: a record is a message, and its `seq` the message's sequence. Which messages
there are stands in `jetstream_names.py`. Nothing is kept here that another node could not know.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from functools import lru_cache

from tidings.core.clock import Clock
from tidings.core.damage import DAMAGED, DamageReport
from tidings.core.errors import LogClosed, StateConflict
from tidings.core.record import BIRTH_SEQ, SYSTEMS, Bounds, Draft, Record, system_of
from tidings.store.base import TRIM_MARKS, Result, trimmed_through_of
from tidings.store.jetstream.commit import Committer, find_keys
from tidings.store.jetstream.consumer import follow
from tidings.store.jetstream.link import Link
from tidings.store.jetstream.names import RENEWED_ID, Names
from tidings.store.jetstream.read import Message, Reader, evened
from tidings.store.jetstream.records import record_of
from tidings.store.jetstream.setup import (
    Cluster,
    be_born,
    check_servers,
    make_streams,
)
from tidings.store.jetstream.state import JetStreamState
from tidings.store.jetstream.watch import Watch

DAY_S = 86_400.0
_HIGHEST_SEQ = 2**63 - 1
_SUBJECTS = 4096  # that are remembered as they are spelled in NATS


class JetStreamStore:
    """A log in a stream (`tidings.store.base.EventStore`). Made by `open_jetstream`.

    Belongs to one event loop. Any number of them, on any number of machines, may use one log.
    """

    def __init__(
        self, link: Link, names: Names, log_id: str, *, clock: Clock, key_retention_s: float
    ) -> None:
        self._link = link
        self._names = names
        self._log_id = log_id
        self._clock = clock
        self._key_retention_us = int(key_retention_s * 1e6)
        self._reader = Reader(link, names.log, names.birth)
        self._committer = Committer(link, names, self._reader)
        state_reader = Reader(link, names.state)
        self._state = JetStreamState(link, names, state_reader)
        self._watch = Watch(link, names, self._reader, state_reader, self._state)
        self._watching: asyncio.Task[None] | None = None
        self._damage = DamageReport()
        self._closed = False
        self._filed = lru_cache(_SUBJECTS)(names.filed)

    async def start(self) -> None:
        """Remember which streams these are, and follow the small values until `close`."""
        renewed = await self._state.get(RENEWED_ID)
        if renewed is not None:
            self._log_id = renewed.value.decode()
        self._committer.known_seq = await self._watch.start(lambda: self._committer.known_seq)
        running = self._watch.run(self._log_id)
        self._watching = asyncio.create_task(running)  # noqa: TID251 - `close` awaits it

    @property
    def log_id(self) -> str:
        """The log's identity."""
        return self._log_id

    @property
    def state(self) -> JetStreamState:
        """The small values beside the log."""
        return self._state

    @property
    def damage(self) -> DamageReport:
        """Which records were found damaged."""
        return self._damage

    async def append(self, drafts: Sequence[Draft]) -> list[Result]:
        """Commit a group and return its results once it is on stable storage."""
        self._check_open()
        return await self._committer.append(drafts)

    async def probe(self, size_bytes: int) -> None:
        """Return when something could be stored now: a small value, which nobody reads."""
        del size_bytes
        self._check_open()
        await self._state.put("probe", b"")

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

    async def read_last(self, subject: str, limit: int) -> list[Record]:
        """Return the newest `limit` records of a subject, oldest first."""
        self._check_open()
        return self._records(await self._reader.newest(self._names.covered(subject), limit))

    async def nth_last(self, system: str, count: int) -> int:
        """Return the position of a system's `count`-th newest record; 0 without one."""
        self._check_open()
        return await self._reader.nth_last(self._names.covered(system), count)

    async def count(self, system: str, through_seq: int) -> int:
        """Return how many records of a system are retained up to a position."""
        self._check_open()
        covered = self._names.covered(system)
        beyond = await self._reader.count_from(covered, min(through_seq, _HIGHEST_SEQ - 1) + 1)
        # in this order: what comes in between must not be taken for what lies before
        return max(0, await self._reader.count_from(covered, 1) - beyond)

    async def seek(self, system: str | None, at_or_after_us: int) -> int:
        """Return the first position stored at or after a time."""
        self._check_open()
        end_seq = await self._reader.last_seq()  # before the question, or news would be passed over
        found = await self._reader.first_since(self._filter(system), at_or_after_us)
        return found.seq if found else end_seq + 1

    async def bounds(self, system: str | None = None) -> Bounds:
        """Return what is retained."""
        self._check_open()
        wanted = self._filter(system)
        first = await self._reader.first(wanted, BIRTH_SEQ + 1)
        last = await self._reader.last(wanted) if first else None
        trimmed_through = trimmed_through_of(system, await self._state.list(TRIM_MARKS))
        end_seq = await self._reader.last_seq()
        if first is None or last is None:
            return Bounds(0, 0, trimmed_through, end_seq)
        return Bounds(first.seq, last.seq, trimmed_through, end_seq)

    async def end_seq(self, hoped_seq: int = 0) -> int:
        """Return the newest position that the log ever gave."""
        self._check_open()
        return await self._reader.last_seq(hoped_seq)

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
        covered = self._names.covered(subject)
        newest_seq = await self._newest_through(covered, min(through_seq, _HIGHEST_SEQ))
        if not newest_seq:
            return 0
        await self._mark(subject, newest_seq)
        deleted = await self._purge(covered, newest_seq)
        if "." not in subject:
            await self._purge_keys(subject, newest_seq)
        return deleted

    async def mark_lost(self) -> None:
        """Mark every system as trimmed through the last position that is missing, if one is."""
        lost_seq = await self._watch.last_lost()
        for system in SYSTEMS if lost_seq else ():
            await self._mark(system, lost_seq)

    async def close(self) -> None:
        """Finish what was begun and end the connection; a second call does nothing."""
        self._closed = True
        await self._committer.finish()
        self._state.close()
        if not self._link.closed:
            await self._link.close()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])

    async def _newest_through(self, covered: str, through_seq: int) -> int:
        found = await self._reader.newest_each([covered], through_seq)
        if found is not None:
            return max((message.seq for message in found.values()), default=0)
        # Too many subjects to look at each: no record of theirs lies between the two.
        first = await self._reader.first(covered, BIRTH_SEQ + 1)
        end_seq = await self._reader.last_seq()
        return min(through_seq, end_seq) if first and first.seq <= through_seq else 0

    async def _mark(self, subject: str, through_seq: int) -> None:
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

    async def _purge(self, covered: str, through_seq: int) -> int:
        request = {"filter": covered, "seq": through_seq + 1}
        answer = await self._link.insist(
            "trim", lambda: self._link.api(f"STREAM.PURGE.{self._names.log}", request)
        )
        return int(answer["purged"])

    async def _purge_keys(self, system: str, through_seq: int) -> None:
        """Forget the keys of a system's trimmed records, unless they are young."""
        floor_us = self._clock.now_us() - self._key_retention_us
        keys = self._names.keys_of(system)
        young = await self._reader.first_since(keys, floor_us)
        last_seq = min(through_seq, young.seq) - 1 if young else through_seq - 1
        await self._purge(keys, last_seq)

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
            self._damage.found(message.seq, system)
        return record

    async def _check_whole(self) -> None:
        self._check_open()
        await self._watch.check()

    def _check_open(self) -> None:
        if self._closed:
            raise LogClosed


async def open_jetstream(
    cluster: Cluster, *, clock: Clock, key_retention_s: float = DAY_S
) -> JetStreamStore:
    """Open a log, made if need be.

    Raises:
        StoreUnfit: the servers or the streams cannot give what a log promises.
        StoreCorrupt: the stream is no log, or was cut off.
        StoreUnavailable: the servers cannot be reached or do not answer.
    """
    link = Link()
    await link.connect(cluster.servers, cluster.options())
    try:
        names = Names(cluster.log)
        replicas = await check_servers(link, cluster)
        await make_streams(link, names, replicas)
        log_id = await be_born(link, names, Reader(link, names.log))
        store = JetStreamStore(link, names, log_id, clock=clock, key_retention_s=key_retention_s)
        await store.start()
    except BaseException:
        await link.close()
        raise
    return store
