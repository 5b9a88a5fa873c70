"""Is a log on NATS complete? Reads only; reports everything that is wrong.

Services may write and trim meanwhile. A trim is marked before anything is deleted and marks only
increase, so missing positions are compared with the marks as they are after everything was read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from tidings.core.errors import StoreCorrupt
from tidings.core.record import BIRTH_SEQ, SYSTEMS, system_of
from tidings.store.base import TRIM_MARKS
from tidings.store.jetstream.cluster import Cluster
from tidings.store.jetstream.export import Looked, looking
from tidings.store.jetstream.identity import log_id_of
from tidings.store.jetstream.message import Message
from tidings.store.jetstream.names import RENEWED_ID, Names
from tidings.store.jetstream.read import MessageReader
from tidings.store.jetstream.records import CHECKSUM, key_of, record_of
from tidings.store.jetstream.state import JetStreamState
from tidings.store.jetstream.streams import find_stream, misfits
from tidings.store.kept import CanRead, Report, Untold, anything, content_problem

_ALL = ">"
Marks = Mapping[str, int]


def check_jetstream(cluster: Cluster, can_read: CanRead = anything) -> Report:
    """Check a log; services may be running on it.

    Raises:
        StoreCorrupt: there is no log.
        StoreUnfit: the servers are too old.
        StoreUnavailable: they cannot be reached or do not answer.
    """
    return asyncio.run(_check(cluster, can_read))


async def _check(cluster: Cluster, can_read: CanRead) -> Report:
    async with looking(cluster) as looked:
        values = _Values(looked)
        await values.read()
        contents = _Contents(looked.names, can_read, values.marks)
        async for page in looked.pages():
            for message in page:
                contents.take(message)
        contents.end(looked.end_seq)
        await values.read()
        problems = [
            *misfits(looked.names, looked.info["config"]),
            *contents.problems,
            *[problem async for problem in _losses(looked, contents.gaps, values.marks)],
            *contents.key_problems(values.marks),
            *values.problems,
        ]
    return Report(
        values.renewed_id or contents.log_id,
        contents.records,
        contents.first_seq,
        contents.last_seq,
        tuple(problems),
        contents.unchecked,
    )


class _Contents:
    """Checks the messages of the log, each by itself and against the one before.

    `marks` were read before the first message: positions that they explain are not collected.
    """

    def __init__(self, names: Names, can_read: CanRead, marks: Marks) -> None:
        self._names = names
        self._can_read = can_read
        self._marks = marks
        self._trimmed_through = max(marks.values(), default=0)
        self._at_seq = 0
        self._key: Message | None = None  # the message before, if it was one
        self._unmet: list[tuple[str, int]] = []  # system and position of keys without a record
        self.problems: list[str] = []
        self.gaps: list[tuple[int, int]] = []
        """First and last of positions without a message, past all marks."""
        self.log_id = ""
        self.records = self.first_seq = self.last_seq = self.unchecked = 0

    def take(self, message: Message) -> None:
        """Look at the next message."""
        if message.seq <= self._at_seq:
            self.problems.append(f"position {message.seq} comes after {self._at_seq}")
            return
        self._pass(message.seq - 1)
        if message.seq == BIRTH_SEQ:
            self._take_birth(message)
        system, subject = self._names.filed(message.subject)
        is_record = system in SYSTEMS and message.subject == self._names.record(subject)
        self._meet_key(message.seq, system if is_record else "")
        if is_record:
            self._take_record(message, system, subject)
        elif system := self._names.system_of_key(message.subject):
            self._key = message
            told = key_of(message)
            if not isinstance(told, Untold) and self._names.key(system, told) != message.subject:
                self.problems.append(f"the key of record {message.seq + 1} is damaged")
        self._at_seq = message.seq

    def end(self, end_seq: int) -> None:
        """Note that this was the last message, and the log's newest position."""
        self._pass(end_seq)

    def key_problems(self, marks: Marks) -> list[str]:
        """Return which keys name a record that is neither kept nor trimmed."""
        return [
            f"a key of {system} names record {seq}, which is neither kept nor trimmed"
            for system, seq in self._unmet
            if marks.get(system, 0) < seq
        ]

    def _pass(self, through_seq: int) -> None:
        """Note that there is no message from here up to a position."""
        if through_seq <= self._at_seq:
            return
        self._meet_key(self._at_seq + 1, "")
        if not self._at_seq:
            self.problems.append("the birth record is gone")
        first_seq = max(self._at_seq + 1, self._trimmed_through + 1, BIRTH_SEQ + 1)
        if first_seq <= through_seq:
            self.gaps.append((first_seq, through_seq))

    def _meet_key(self, seq: int, system: str) -> None:
        """Compare the message before, if it is a key, with its record, or with none.

        The record of the last key of all is past the end of this check.
        """
        key, self._key = self._key, None
        if key is None:
            return
        wanted = self._names.system_of_key(key.subject)
        if system and system != wanted:
            self.problems.append(f"a key of {wanted} does not fit record {seq} of {system}")
        elif not system and self._marks.get(wanted, 0) < seq:
            self._unmet.append((wanted, seq))

    def _take_birth(self, message: Message) -> None:
        if message.subject != self._names.birth:
            self.problems.append("the birth record is gone")
            return
        try:
            self.log_id = log_id_of(self._names, message.body)
        except StoreCorrupt as error:
            self.problems.append(str(error))

    def _take_record(self, message: Message, system: str, subject: str) -> None:
        self.records += 1
        self.first_seq = self.first_seq or message.seq
        self.last_seq = message.seq
        self.unchecked += CHECKSUM not in message.headers
        record = record_of(message, message.at_us, system, subject)
        if problem := content_problem(record, self._can_read):
            self.problems.append(problem)


class _Values:
    """The small values of a log, read at each call."""

    def __init__(self, looked: Looked) -> None:
        self._looked = looked
        self.problems: list[str] = []
        self.marks: dict[str, int] = {}
        """The highest trim mark of each system, or of any subject of it."""
        self.renewed_id = ""

    async def read(self) -> None:
        """Read them as they are now."""
        link, names = self._looked.link, self._looked.names
        self.problems, self.marks, self.renewed_id = [], {}, ""
        info = await find_stream(link, names.state)
        if info is None:
            self.problems.append(f"stream {names.state}, of the small values, is gone")
            return
        self.problems += misfits(names, info["config"])
        values = await JetStreamState(link, names, MessageReader(link, names.state)).list("")
        end_seq = await self._looked.reader.last_seq()  # written after the marks
        for value in values:
            if value.name.startswith(TRIM_MARKS):
                self._take_mark(value.name.removeprefix(TRIM_MARKS), value.value, end_seq)
            elif value.name == RENEWED_ID:
                self.renewed_id = value.value.decode("ascii", "replace")

    def _take_mark(self, subject: str, value: bytes, end_seq: int) -> None:
        system = system_of(subject)
        if system not in SYSTEMS or not value.isdigit():
            self.problems.append(f"the trim mark of {subject} makes no sense")
        elif not BIRTH_SEQ < int(value) <= end_seq:
            self.problems.append(
                f"{subject} was trimmed through {int(value)}, which is no position of this log"
            )
        else:
            self.marks[system] = max(self.marks.get(system, 0), int(value))


async def _losses(looked: Looked, gaps: list[tuple[int, int]], marks: Marks) -> AsyncIterator[str]:
    """Report positions that were assigned, and have neither a message nor a trim that deleted it.

    Pages come from any replica, so the leader decides.
    """
    trimmed_through = max(marks.values(), default=0)
    for gap_first, last_seq in gaps:
        first_seq = max(gap_first, trimmed_through + 1)
        if first_seq <= last_seq:
            found = await looked.reader.first(_ALL, first_seq)
            is_elsewhere = found is not None and found.seq <= last_seq
            yield f"records {first_seq} to {last_seq} are " + (
                "missing in a replica, and the leader has them" if is_elsewhere else "lost"
            )
