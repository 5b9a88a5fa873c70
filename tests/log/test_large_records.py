"""Large records, into which conditions look: beside the loop, and nobody misses one for it."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

import pytest

from tests.kit.log import draft, drain, envelope_of, running, select, seqs, words
from tests.kit.loop import scenario
from tests.patience import PATIENCE_S
from tidings.core.conditions import Conditions, Content
from tidings.core.record import Record
from tidings.core.selection import Envelope, Selection
from tidings.log.limits import LogLimits
from tidings.log.work_thread import LARGE_BYTES

SMALL, LARGE = "job", "job" + " " * LARGE_BYTES
MANY = 1_000_000


@dataclass
class Opener:
    """Opens records, and remembers on which threads what conditions see was asked for.

    There it waits until it may go on.
    """

    threads: list[str] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    may_end: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_end.set()

    def __call__(self, record: Record) -> Envelope:
        terms, events, _ = envelope_of(record)

        def contents() -> list[Content]:
            self.threads.append(threading.current_thread().name)
            self.begun.set()
            assert self.may_end.wait(PATIENCE_S)
            return [Content(event, "", (), ()) for event in events]

        return Envelope(terms, events, contents)

    def were_all(self, *, on_the_loop: bool) -> bool:
        """Say whether there were some, and all of them were where they should be."""
        loops = threading.current_thread().name
        return {name == loops for name in self.threads} == {on_the_loop}


def wanting(*types: str) -> Selection:
    return Selection(select().matchers, Conditions(types=frozenset(types)))


@pytest.mark.parametrize("text", [SMALL, LARGE])
@scenario
async def test_what_comes_is_judged_where_its_size_says(text: str) -> None:
    opener = Opener()
    async with running(open_record=opener) as rig:
        job, node = (rig.log.follow(wanting(kind), 1) for kind in ("job", "node"))
        with job, node:
            await rig.log.append_many([draft(text), draft("node"), draft(text)])
            assert seqs(await job.take(0)) == [2, 4]
            assert seqs(await node.take(0)) == [3]
            opener.threads.clear()  # `node` is small
            await rig.log.append(draft(text))
            assert seqs(await job.take(0)) == [5]
            assert not await node.take(0)
            assert opener.were_all(on_the_loop=text == SMALL)


@pytest.mark.parametrize("text", [SMALL, LARGE])
@scenario
async def test_what_is_stored_is_judged_where_its_size_says(text: str) -> None:
    opener = Opener()
    async with running(LogLimits(tail_count=1), open_record=opener) as rig:
        await rig.log.append_many([draft(text) for _ in range(4)])
        wanted, nothing = wanting("job"), wanting("node")
        for newest_first in (False, True):
            page = await rig.log.between(wanted, 1, 9, 2, MANY, newest_first=newest_first)
            assert seqs(page) == ([5, 4] if newest_first else [2, 3])
        assert seqs(await rig.log.at(wanted, [2, 4], MANY)) == [2, 4]
        assert not await rig.log.at(nothing, [2, 4], MANY)
        with rig.log.follow(wanted, 1) as follower:
            assert await drain(follower) == [2, 3, 4, 5]
        assert opener.were_all(on_the_loop=text == SMALL)


@scenario
async def test_a_reader_without_conditions_needs_no_look() -> None:
    opener = Opener()
    async with running(open_record=opener) as rig:
        with rig.log.follow(select(nomad=words("job")), 1) as follower:
            await rig.log.append(draft(LARGE))
            assert seqs(await follower.take(0)) == [2]
    assert not opener.threads


@scenario
async def test_who_comes_or_goes_during_a_look_misses_and_stops_nothing() -> None:
    opener = Opener()
    async with running(open_record=opener) as rig:
        await rig.log.append(draft("node"))
        with rig.log.follow(wanting("job"), 2) as there:
            leaving = rig.log.follow(wanting("node"), 2)
            opener.may_end.clear()
            appending = asyncio.create_task(rig.log.append(draft(LARGE)))
            assert await asyncio.to_thread(opener.begun.wait, PATIENCE_S)
            leaving.close()
            assert not await there.take(0)  # and is told of no position past it
            same, other = (rig.log.follow(wanting(*kinds), 2) for kinds in (["job"], ["job", "x"]))
            with same, other:
                opener.may_end.set()
                await appending
                for follower in (there, same, other):
                    assert seqs(await follower.take(0)) == [3]
