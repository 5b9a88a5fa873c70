"""The log against a plain list: whatever is done to it, in whatever order, nobody loses or gets
twice."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.kit.clock import ManualClock
from tests.kit.jumping import runner, scenario, turns
from tests.kit.log import HeldStore, Rig, draft, envelope_of, running, words
from tidings.core.errors import CursorExpired, StoreUnavailable
from tidings.core.record import Record, Stored
from tidings.core.selection import Everything, Selection
from tidings.log.batch import Batch
from tidings.log.event_log import EventLog
from tidings.log.follower import Follower
from tidings.log.limits import LogLimits
from tidings.rpc.outcomes import outcome_of
from tidings.store.memory import MemoryStore

T = TypeVar("T")

# Small enough that a dozen records overflow every one of them.
TINY = LogLimits(tail_count=6, group_count=3, commit_count=3, queue_count=4)

TURNS = st.integers(0, 12)
WHICH = st.integers(0, 9)
SYSTEMS = st.sampled_from(["nomad", "consul"])
WORDS = st.sampled_from(["job", "node", "alloc"])
BODIES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
SOME_WORDS = st.frozensets(WORDS, max_size=2).map(lambda wanted: words(*wanted))
MATCHERS = st.one_of(st.just(Everything()), SOME_WORDS)
SELECTIONS = st.dictionaries(SYSTEMS, MATCHERS, min_size=1).map(Selection.of)


class Reader:
    """A follower, and a list of all that it ought to hand over."""

    def __init__(self, follower: Follower, selection: Selection, history: list[Record]) -> None:
        self.follower = follower
        self.told = follower._told  # noqa: SLF001 - what it reported as lost
        self.selection = selection
        self.history = history
        self.checked = follower.position

    def saw(self, batch: Batch) -> None:
        """Compare a batch with the list, up to the position that it claims."""
        assert batch.position == self.follower.position >= self.checked
        expected = self._wanted(self.checked, batch.position)
        seen = {pick.record.seq: pick.places for pick in batch.picks}
        assert list(seen) == sorted(seen)
        assert len(seen) == len(batch.picks)
        for seq, (system, places) in expected.items():
            assert seq <= self.told.get(system, 0) or seen[seq] == places
        assert seen.keys() <= expected.keys()
        self.checked = batch.position

    def _wanted(self, after_seq: int, through_seq: int) -> dict[int, tuple[str, Any]]:
        wanted = {}
        for each in self.history:
            places = self.selection.pick(each.system, envelope_of(each))
            if after_seq < each.seq <= through_seq and places != ():
                wanted[each.seq] = each.system, places
        return wanted


class LogMachine(RuleBasedStateMachine):
    """Publishers, readers, a trimmer and an operator who restarts things, all at random."""

    def __init__(self) -> None:
        super().__init__()
        self.history: list[Record] = []
        self.readers: list[Reader] = []
        self.runner = runner(
            debug=False
        )  # several times as fast, so that a failure shrinks in time
        self.run(self._start())

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(doing)

    async def _start(self) -> None:
        self.store = HeldStore(MemoryStore(clock=ManualClock()))
        await self._open()

    async def _open(self) -> None:
        self.log = EventLog(
            self.store,
            clock=ManualClock(),
            envelope_of=envelope_of,
            limits=TINY,
        )
        await self.log.open()
        self.living = asyncio.create_task(self.log.run())

    async def _note(self) -> None:
        after_seq = self.history[-1].seq if self.history else 1
        self.history += await self.store.inner.read(after_seq, 10_000)

    # --- publishers

    @rule(system=SYSTEMS, bodies=st.lists(BODIES, min_size=1, max_size=8))
    def append(self, system: str, bodies: list[str]) -> None:
        async def step() -> None:
            outcomes = await self.log.append_many([draft(body, system) for body in bodies])
            await self._note()
            stored = self.history[len(self.history) - len(bodies) :]
            assert [Stored(each.seq) for each in stored] == outcomes
            assert [each.body.decode() for each in stored] == bodies
            assert self.log.last_seq == stored[-1].seq

        self.run(step())

    @rule(system=SYSTEMS, body=BODIES, count=TURNS)
    def append_and_leave(self, system: str, body: str, count: int) -> None:
        async def step() -> None:
            before = len(self.history)
            task = await cancelled_after(count, self.log.append(draft(body, system)))
            await self.log.append(draft("job"))  # once it is stored, the other is decided
            await self._note()
            added = len(self.history) - before
            assert added == 2 or (added == 1 and task.cancelled())

        self.run(step())

    # --- readers

    @rule(selection=SELECTIONS, back=st.integers(0, 30))
    def follow(self, selection: Selection, back: int) -> None:
        self._follow(selection, max(0, self.log.last_seq - back))

    def _follow(self, selection: Selection, after_seq: int) -> None:
        follower = self.log.follow(selection, after_seq)
        self.readers.append(Reader(follower, selection, self.history))

    def _reader(self, which: int) -> Reader:
        return self.readers[which % len(self.readers)]

    @precondition(lambda self: self.readers)
    @rule(which=WHICH, limit=st.integers(1, 5), max_bytes=st.integers(1, 40))
    def take(self, which: int, limit: int, max_bytes: int) -> None:
        self.run(self._take(self._reader(which), limit, max_bytes))

    async def _take(self, reader: Reader, limit: int = 100, max_bytes: int = 10_000) -> None:
        told = dict(reader.told)
        taken = await outcome_of(reader.follower.take(0, limit, max_bytes))
        if isinstance(taken, CursorExpired):
            marked = (await self.store.inner.bounds(taken.system)).trimmed_through
            known_seq = max(reader.follower.position, told.get(taken.system, 0))
            assert known_seq + 1 == taken.first_seq <= taken.last_seq == marked
            assert taken.system in reader.selection.systems
        else:
            assert isinstance(taken, Batch), taken
            assert len(taken.picks) <= limit
            reader.saw(taken)

    @precondition(lambda self: self.readers)
    @rule(which=WHICH, count=TURNS, limit=st.integers(1, 5))
    def take_and_leave(self, which: int, count: int, limit: int) -> None:
        async def step() -> None:
            reader = self._reader(which)
            task = await cancelled_after(count, reader.follower.take(60, limit))
            if not task.cancelled() and task.exception() is None:
                reader.saw(task.result())

        self.run(step())

    @precondition(lambda self: self.readers)
    @rule(which=WHICH, system=SYSTEMS, body=BODIES)
    def wait_for_news(self, which: int, system: str, body: str) -> None:
        async def step() -> None:
            reader = self._reader(which)
            await self._catch_up(reader)
            task = asyncio.create_task(reader.follower.take(60))
            await turns(3)
            assert not task.done()
            await self.log.append(draft(body, system))
            await self._note()
            reader.saw(await task)
            assert reader.follower.at_head

        self.run(step())

    async def _catch_up(self, reader: Reader) -> None:
        while not reader.follower.at_head:
            await self._take(reader)

    @precondition(lambda self: self.readers)
    @rule(which=WHICH)
    def leave(self, which: int) -> None:
        reader = self._reader(which)
        reader.follower.close()
        self.readers.remove(reader)

    # --- whoever looks after it

    @rule(system=SYSTEMS, back=st.integers(0, 20))
    def trim(self, system: str, back: int) -> None:
        self.run(self.store.inner.trim(system, max(0, self.log.last_seq - back)))

    @rule(times=st.integers(1, 3))
    def break_feed(self, times: int) -> None:
        self.store.feed_failures = [StoreUnavailable("feed")] * times

    @rule()
    def reopen(self) -> None:
        """Restart over the same store; readers come back to where they were."""
        old, self.readers = self.readers, []
        self.run(self._close(old))
        self.run(self._open())
        for reader in old:
            self._follow(reader.selection, reader.checked)

    async def _close(self, readers: list[Reader]) -> None:
        for reader in readers:
            reader.follower.close()
        assert self.log.group_count == 0
        await self.log.close()
        await self.living

    # --- what always holds

    @invariant()
    def positions_rise(self) -> None:
        found = [each.seq for each in self.history]
        assert found == sorted(set(found))

    def teardown(self) -> None:
        with self.runner:
            self.run(self._finish())

    async def _finish(self) -> None:
        for reader in self.readers:
            await self._catch_up(reader)
        await self._close(self.readers)


async def cancelled_after(count: int, doing: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start it, cancel it after so many turns, and return it once it has ended."""
    task = asyncio.create_task(doing)
    await turns(count)
    task.cancel()
    await asyncio.wait([task])
    return task


TestLog = LogMachine.TestCase
TestLog.settings = settings(max_examples=60, stateful_step_count=30, report_multiple_bugs=False)


@settings(max_examples=40)
@given(
    publishers=st.lists(st.lists(BODIES, max_size=12), min_size=1, max_size=4),
    selections=st.lists(SELECTIONS, min_size=1, max_size=4),
    patience=st.lists(TURNS, min_size=1, max_size=20),
)
@scenario
async def test_publishers_and_readers_at_once_agree_on_one_order(
    publishers: list[list[str]], selections: list[Selection], patience: list[int]
) -> None:
    async def publish(rig: Rig, name: str, bodies: list[str]) -> None:
        for place, body in enumerate(bodies):
            stored = await rig.log.append(draft(body, key=f"{name}{place}"))
            assert not stored.duplicate

    async def follow(rig: Rig, selection: Selection, until_seq: int) -> None:
        history: list[Record] = []
        with rig.log.follow(selection, 1) as follower:
            reader = Reader(follower, selection, history)
            for count in itertools.cycle([*patience, 100]):  # once in a while it may finish
                task = await cancelled_after(count, follower.take(1, limit=2))
                history[:] = await rig.log.read(1, 1000)
                if not task.cancelled():
                    reader.saw(task.result())
                if follower.position >= until_seq:
                    return
                await turns()

    until_seq = 1 + sum(map(len, publishers))
    async with running(TINY) as rig, asyncio.TaskGroup() as tasks:
        for selection in selections:
            tasks.create_task(follow(rig, selection, until_seq))
        for number, bodies in enumerate(publishers):
            tasks.create_task(publish(rig, f"p{number}.", bodies))
