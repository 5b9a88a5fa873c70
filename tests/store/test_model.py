"""Random appends, reads, trims and restarts, against a plain list."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.store.places import MemoryPlace, Place, SQLitePlace, draft
from tidings.core.errors import KeyReused, SeqConflict
from tidings.core.record import BIRTH_SEQ, Draft, Record, Stored, covers
from tidings.store.base import EventStore, Result

T = TypeVar("T")
SUBJECTS = ["nomad", "consul", "puppet.1", "puppet.2"]
SYSTEMS = ["nomad", "consul", "puppet"]

drafts = st.builds(
    draft,
    st.sampled_from(["a", "b", "cc"]),
    st.sampled_from(SUBJECTS),
    key=st.none() | st.sampled_from(["k", "l", "m"]),
    expect_last_seq=st.none() | st.integers(0, 12),
)


class Model:
    """What the log must hold: lists, and rules in their plainest form. Keys never get old here."""

    def __init__(self) -> None:
        self.kept: list[tuple[int, Draft]] = []
        self.keys: dict[tuple[str, str], tuple[int, bytes]] = {}
        self.last_seq = BIRTH_SEQ
        self.marks: dict[str, int] = {}

    def positions_of(self, one: Draft) -> int:
        """Return how many positions a draft takes up; the last of them is its record's."""
        return 1

    def append(self, one: Draft) -> Result:
        held = self.keys.get((one.system, one.key or ""))
        if held:
            seq, digest = held
            same = digest == one.digest
            return Stored(seq, duplicate=True) if same else KeyReused(one.key or "", seq)
        head = max((seq for seq, d in self.kept if d.subject == one.subject), default=0)
        if one.expect_last_seq not in (None, head):
            return SeqConflict(one.subject, one.expect_last_seq or 0, head)
        self.last_seq += self.positions_of(one)
        self.kept.append((self.last_seq, one))
        if one.key:
            self.keys[one.system, one.key] = (self.last_seq, one.digest)
        return Stored(self.last_seq)

    def trim(self, subject: str, through_seq: int) -> int:
        gone = [s for s, d in self.kept if s <= through_seq and covers(subject, d.subject)]
        if gone:
            self.marks[subject] = max(self.marks.get(subject, 0), gone[-1])
        self.kept = [(s, d) for s, d in self.kept if s not in gone]
        return len(gone)


def shape(record: Record) -> tuple[int, str, bytes]:
    return record.seq, record.subject, record.body


class StoreMachine(RuleBasedStateMachine):
    place: Place
    store: EventStore
    model_type = Model

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.model = self.model_type()
        self.fed: list[tuple[int, str, bytes]] = []
        self.position = 0

    def make_place(self) -> Place:
        return MemoryPlace()

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(asyncio.wait_for(main, 20))

    @initialize()
    def open(self) -> None:
        self.place = self.make_place()
        self.store = self.run(self.place.open())

    @rule(groups=st.lists(st.lists(drafts, max_size=6), min_size=1, max_size=3))
    def append(self, groups: list[list[Draft]]) -> None:
        async def all_at_once() -> list[list[Result]]:
            return await asyncio.gather(*(self.store.append(group) for group in groups))

        answers = self.run(all_at_once())
        expected = [[self.model.append(one) for one in group] for group in groups]
        assert [[said(a) for a in g] for g in answers] == [[said(a) for a in g] for g in expected]

    @rule(subject=st.sampled_from([*SUBJECTS, "puppet"]), through_seq=st.integers(0, 30))
    def trim(self, subject: str, through_seq: int) -> None:
        deleted = self.run(self.store.trim(subject, through_seq))
        assert deleted == self.model.trim(subject, through_seq)

    @rule()
    def restart(self) -> None:
        self.run(self.store.close())
        self.store = self.run(self.place.open())

    @rule(
        after_seq=st.integers(0, 30),
        limit=st.integers(1, 8),
        systems=st.none() | st.sets(st.sampled_from(SYSTEMS)),
        subject=st.none() | st.sampled_from([*SUBJECTS, "puppet"]),
    )
    def read(
        self, after_seq: int, limit: int, systems: set[str] | None, subject: str | None
    ) -> None:
        page = self.run(self.store.read(after_seq, limit, systems=systems, subject=subject))
        wanted = [
            (seq, d.subject, d.body)
            for seq, d in self.model.kept
            if seq > after_seq
            and (systems is None or d.system in systems)
            and (subject is None or covers(subject, d.subject))
        ]
        assert [shape(record) for record in page] == wanted[:limit]

    @rule(
        before_seq=st.integers(0, 30),
        limit=st.integers(1, 8),
        systems=st.none() | st.sets(st.sampled_from(SYSTEMS)),
    )
    def read_before(self, before_seq: int, limit: int, systems: set[str] | None) -> None:
        page = self.run(self.store.read_before(before_seq, limit, systems=systems))
        wanted = [
            (seq, d.subject, d.body)
            for seq, d in reversed(self.model.kept)
            if seq < before_seq and (systems is None or d.system in systems)
        ]
        assert [shape(record) for record in page] == wanted[:limit]

    @rule(subject=st.sampled_from([*SUBJECTS, "puppet"]), limit=st.integers(1, 5))
    def read_last(self, subject: str, limit: int) -> None:
        page = self.run(self.store.read_last(subject, limit))
        mine = [seq for seq, d in self.model.kept if covers(subject, d.subject)]
        assert [record.seq for record in page] == mine[-limit:]

    @rule()
    def feed(self) -> None:
        """Follow the feed to the end from where it was left."""

        async def follow() -> None:
            left = [(s, d.subject, d.body) for s, d in self.model.kept if s > self.position]
            batches = aiter(self.store.committed(self.position))
            taken: list[tuple[int, str, bytes]] = []
            while len(taken) < len(left):
                taken += [shape(record) for record in await anext(batches)]
            await batches.aclose()  # type: ignore[attr-defined]  # a generator in both stores
            assert taken == left
            self.position = max([self.position, *(seq for seq, _, _ in taken)])

        self.run(follow())

    @invariant()
    def bounds_are_true(self) -> None:
        for system in (None, *SYSTEMS):
            bounds = self.run(self.store.bounds(system))
            mine = [seq for seq, d in self.model.kept if system in (None, d.system)]
            marks = [
                mark
                for subject, mark in self.model.marks.items()
                if system is None or covers(system, subject)
            ]
            assert (bounds.first_seq, bounds.last_seq) == ((mine[0], mine[-1]) if mine else (0, 0))
            assert (bounds.trimmed_through, bounds.end_seq) == (
                max(marks, default=0),
                self.model.last_seq,
            )

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.run(self.store.close())
        self.runner.close()


def said(result: Result) -> tuple[object, ...]:
    if isinstance(result, Stored):
        return (result.seq, result.duplicate)
    if isinstance(result, KeyReused):
        return ("reused", result.key, result.seq)
    return ("conflict", result.subject, result.expected_seq, result.last_seq)


class SQLiteMachine(StoreMachine):
    def make_place(self) -> Place:
        self.directory = Path(tempfile.mkdtemp())
        return SQLitePlace(self.directory)

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(self.directory, ignore_errors=True)


TestMemoryModel = StoreMachine.TestCase
TestMemoryModel.settings = settings(max_examples=60, stateful_step_count=30)
TestSQLiteModel = SQLiteMachine.TestCase
TestSQLiteModel.settings = settings(max_examples=25, stateful_step_count=25)
