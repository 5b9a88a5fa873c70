"""Reads a whole log from its stream, for commands: no stream is created or changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tidings.core.errors import StoreCorrupt
from tidings.core.record import BIRTH_SEQ, SYSTEMS, Record
from tidings.store.jetstream.cluster import Cluster, check_version
from tidings.store.jetstream.identity import log_id_of
from tidings.store.jetstream.link import Link
from tidings.store.jetstream.message import Message, evened
from tidings.store.jetstream.names import Names
from tidings.store.jetstream.read import MessageReader
from tidings.store.jetstream.records import key_of, record_of
from tidings.store.jetstream.streams import find_stream

_PAGE_MESSAGES = 500
_PAGE_BYTES = 1024 * 1024
_ALL = ">"

Exported = tuple[Record, str | None]


@dataclass(frozen=True, slots=True)
class Looked:
    """The stream of a log, as it was when reading began."""

    link: Link
    names: Names
    info: dict[str, Any]
    reader: MessageReader

    @property
    def end_seq(self) -> int:
        """The newest position at that time."""
        return int(self.info["state"]["last_seq"])

    async def pages(self) -> AsyncGenerator[list[Message]]:
        """Yield every message up to the end, in order, also those that are not ours."""
        after_seq = 0
        while after_seq < self.end_seq:
            page = await self.reader.page([_ALL], after_seq, _PAGE_MESSAGES, _PAGE_BYTES)
            if not page:
                break
            after_seq = page[-1].seq
            yield [message for message in page if message.seq <= self.end_seq]


@asynccontextmanager
async def looking(cluster: Cluster) -> AsyncIterator[Looked]:
    """Connect to read a log for the length of a block.

    Raises:
        StoreCorrupt: there is none.
        StoreUnfit: the servers are too old.
        StoreUnavailable: they cannot be reached or do not answer.
    """
    link = Link()
    await link.connect(cluster.servers, cluster.options())
    try:
        check_version(link)
        names = Names(cluster.log)
        info = await find_stream(link, names.log)
        if info is None:
            raise StoreCorrupt(f"{', '.join(cluster.servers)} holds no log {names.log}")
        yield Looked(link, names, info, MessageReader(link, names.log))
    finally:
        await link.close()


def export_jetstream(cluster: Cluster) -> Generator[Exported]:
    """Yield every record of one moment, in order, with its key; services may be running.

    A damaged one is yielded as such (`Record.is_damaged`); missing ones are skipped. The servers
    are asked only as the iterator advances. Closing it early is fine.

    Raises:
        StoreCorrupt: there is no log that could be read.
        StoreUnfit: the servers are too old.
        StoreUnavailable: they cannot be reached or do not answer.
    """
    batches = _batches(cluster)

    async def take() -> list[Exported] | None:
        return await anext(batches, None)

    with asyncio.Runner() as runner:
        try:
            while (batch := runner.run(take())) is not None:
                yield from batch
        finally:
            runner.run(batches.aclose())


async def _batches(cluster: Cluster) -> AsyncGenerator[list[Exported]]:
    async with looking(cluster) as looked:
        names = looked.names
        at_us = 0
        before: Message | None = None
        async for page in looked.pages():
            batch = []
            for message in page:
                if message.seq == BIRTH_SEQ:
                    log_id_of(names, message.body)
                system, subject = names.filed(message.subject)
                if system in SYSTEMS and message.subject == names.record(subject):
                    at_us = evened(at_us, message.at_us)
                    record = record_of(message, at_us, system, subject)
                    batch.append((record, _key_in_front(names, before, record)))
                before = message
            yield batch


def _key_in_front(names: Names, before: Message | None, record: Record) -> str | None:
    """Return the key of a record: the message right in front of it, if that is one."""
    if before is None or before.seq != record.seq - 1:
        return None
    return key_of(before) if names.system_of_key(before.subject) == record.system else None
