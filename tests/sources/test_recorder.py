"""A recorder between a Nomad that forgets and a real service: nothing is lost in silence."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from functools import partial

import grpc
import pytest
from structlog.testing import capture_logs

from tests.kit.jumping import turns
from tests.kit.loop import at_once, becomes, run_async, scenario
from tests.patience import PATIENCE_S
from tests.rpc.events import nomad
from tests.rpc.serving import Served, read_to_head
from tests.rpc.sources.recorders import recording
from tests.sources.test_nomad import line
from tests.sources.upstreams import Answer, Asked, upstream
from tidings.app.clock import SystemClock
from tidings.rpc.sources.lease import SOURCES
from tidings.sources.failure import UpstreamFailed
from tidings.sources.nomad import NomadSource
from tidings.sources.recorder import Plan, Recorder
from tidings.sources.recording_sink import broken
from tidings.sources.source import Sink, Source
from tidings.sources.target import Target
from tidings.v1 import event_pb2, event_system_pb2, source_pb2

BUFFER_SIZE = 10


class FakeNomad:
    """A server with a short buffer, which cuts connections wherever chance has it."""

    def __init__(self, chance: random.Random, size: int = BUFFER_SIZE) -> None:
        self._chance = chance
        self._held: deque[int] = deque(maxlen=size)
        self._changed = asyncio.Event()
        self.newest = 0
        self.sent_count = 0

    def happen(self, index: int) -> None:
        self._held.append(index)
        self.newest = index
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def restart(self) -> None:
        self._held.clear()

    async def serve(self, asked: Asked, answer: Answer) -> None:
        wanted = int(asked.query["index"][0])
        await answer.begin()
        await answer.chunk(b"{}\n")
        budget = self._chance.randrange(1, 2000)
        sent = wanted - 1
        if self._held and wanted > self._held[-1]:
            sent = self._held[-1] - 1  # Nomad's rule: the newest once more
        while True:
            changed = self._changed
            for index in [each for each in self._held if each > sent]:
                piece = line(index)
                self.sent_count += 1
                if len(piece) > budget:
                    await answer.chunk(piece[:budget])
                    answer.cut()
                    return
                budget -= len(piece)
                await answer.chunk(piece)
                sent = index
            await changed.wait()


async def record(served: Served, source: Source, is_over: Callable[[], bool]) -> None:
    """Run a recorder until something is so, then stop it as a signal does."""
    async with grpc.aio.insecure_channel(served.address) as channel:
        recorder = Recorder(channel, source, Plan("prod"), SystemClock(), at_once)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(recorder.run())
            while not await asyncio.to_thread(is_over):
                pass
            recorder.stop()


def stored(served: Served) -> list[int]:
    """Return the upstream indexes in the order of the log."""
    return [
        event.nomad.upstream_index
        for record in read_to_head(served.stub, after_seq=0)
        for event in record.events
        if event.HasField("nomad")
    ]


def has(served: Served, index: int) -> bool:
    return index in stored(served)


def gaps(served: Served) -> list[tuple[str, str]]:
    """Return what may be missing: after and before, both exclusive."""
    return [
        (gap.after, gap.before)
        for record in read_to_head(served.stub, after_seq=0)
        for event in record.events
        if event.tidings.HasField("source_gap")
        for gap in [event.tidings.source_gap]
    ]


@pytest.mark.parametrize("seed", range(4))
def test_every_event_is_stored_once_in_order_or_covered_by_a_gap(served: Served, seed: int) -> None:
    chance = random.Random(seed)
    happened: list[int] = []

    async def main() -> None:
        system = FakeNomad(chance)
        async with upstream(system.serve) as url:
            source = NomadSource("prod", Target(url))
            for _ in range(5):
                # what happens while nobody listens may be more than the buffer holds
                for _ in range(chance.randrange(0, 2 * BUFFER_SIZE)):
                    happened.append((happened[-1] if happened else 100) + chance.randrange(1, 4))
                    system.happen(happened[-1])
                if chance.random() < 0.2:
                    system.restart()
                    happened.append((happened[-1] if happened else 100) + 1)
                    system.happen(happened[-1])
                if happened:
                    await record(served, source, lambda: happened[-1] in stored(served))

    run_async(main())
    found = stored(served)
    assert found == sorted(set(found))
    told = gaps(served)
    first = found[0]  # before the first run nothing was to be had
    for index in happened:
        is_covered = any(int(after) < index < int(before) for after, before in told)
        assert index in found or is_covered or index < first


def test_that_it_records_and_what_may_be_missing_is_logged(served: Served) -> None:
    async def main() -> None:
        system = FakeNomad(random.Random(0), size=2)
        async with upstream(system.serve) as url:
            source = NomadSource("prod", Target(url))
            for newest in (100, 110):
                for index in range(newest - 5, newest + 1):
                    system.happen(index)
                await record(served, source, partial(has, served, newest))

    with capture_logs() as logged:
        run_async(main())
    lines = [line for line in logged if "source" in line or line["event"] == MISSING]
    assert {line["source"] for line in lines} == {"prod"}
    assert {line["event"] for line in lines} >= {"recording", "connected"}
    lost = [(line["after"], line["before"]) for line in lines if line["event"] == MISSING]
    assert lost == gaps(served) == [("100", "109")]


MISSING = "events may be missing"
KILLS = 200


@pytest.mark.timeout(300)
def test_kills_at_any_moment_change_nothing(served: Served) -> None:
    """A recorder that is cancelled says nothing more, as one that was killed."""
    chance = random.Random(7)
    happened: list[int] = []

    async def main() -> None:
        system = FakeNomad(chance, size=10 * KILLS)
        async with upstream(system.serve) as url:
            happened.append(100)
            system.happen(100)  # from one that is stored on it can be told that nothing is missing
            await record(served, NomadSource("prod", Target(url)), lambda: stored(served) == [100])
            for _ in range(KILLS):
                for _ in range(chance.randrange(0, 4)):
                    happened.append(happened[-1] + chance.randrange(1, 4))
                    system.happen(happened[-1])
                await record_and_die(
                    served, NomadSource("prod", Target(url)), chance.randrange(0, 60)
                )
            source = NomadSource("prod", Target(url))
            await record(served, source, lambda: stored(served) == happened)

    run_async(main(), within_s=10 * PATIENCE_S)
    assert stored(served) == happened
    assert gaps(served) == []


async def record_and_die(served: Served, source: Source, turns: int) -> None:
    async with grpc.aio.insecure_channel(served.address) as channel:
        recorder = Recorder(channel, source, Plan("prod"), SystemClock(), at_once)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(recorder.run())
            for _ in range(turns):
                await at_once(0)
            running.cancel()


@pytest.mark.parametrize(
    ("failure", "expected_s"),
    [
        (UpstreamFailed("answered 429", pause_s=123.0), 123.0),
        (UpstreamFailed("answered 401", is_lasting=True), 60.0),
        (UpstreamFailed("answered 403", is_lasting=True, pause_s=61.0), 61.0),
    ],
)
@scenario
async def test_a_system_is_left_alone_as_it_asks_and_where_only_a_person_can_help(
    served: Served, failure: UpstreamFailed, expected_s: float
) -> None:
    pauses: list[float] = []

    class Busy:
        system = event_system_pb2.EVENT_SYSTEM_NOMAD
        address = "nomad:4646"

        async def follow(self, position: str, sink: Sink) -> None:
            raise failure

    async def noted(pause_s: float) -> None:
        pauses.append(pause_s)
        if pause_s == expected_s:
            await asyncio.Event().wait()
        await at_once(pause_s)

    async with grpc.aio.insecure_channel(served.address) as channel:
        recorder = Recorder(channel, Busy(), Plan("prod"), SystemClock(), noted)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(recorder.run())
            await becomes(lambda: expected_s in pauses)
            recorder.stop()


def test_a_service_that_refuses_a_source_is_asked_again_after_a_minute(served: Served) -> None:
    with recording(served, source="prod", system=event_system_pb2.EVENT_SYSTEM_CONSUL) as other:
        other.granted()
    pauses: list[float] = []

    async def noted(pause_s: float) -> None:
        pauses.append(pause_s)
        if len(pauses) == 2:
            await asyncio.Event().wait()

    async def main() -> None:
        async with grpc.aio.insecure_channel(served.address) as channel:
            source = NomadSource("prod", Target("http://127.0.0.1:9"))
            recorder = Recorder(channel, source, Plan("prod"), SystemClock(), noted)
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(recorder.run())
                await becomes(lambda: len(pauses) == 2)
                running.cancel()

    with capture_logs() as logged:
        run_async(main())
    assert pauses == [60.0, 60.0]
    said = [line for line in logged if line["event"] == "the service does not take it"]
    reason = "the source's name belongs to another system; forget that source first"
    assert [(line["reason"], line["retry_s"]) for line in said] == 2 * [(reason, 60.0)]


async def pauses_of(served: Served, source: Source, event: str, count: int) -> list[float]:
    """Run a recorder until it has logged so often that it failed; return its pauses."""
    with capture_logs() as logged:
        async with grpc.aio.insecure_channel(served.address) as channel:
            recorder = Recorder(channel, source, Plan("prod"), SystemClock(), at_once)

            def pauses() -> list[float]:
                return [line["retry_s"] for line in logged if line["event"] == event]

            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(recorder.run())
                await becomes(lambda: len(pauses()) >= count)
                running.cancel()
    return pauses()[:count]


@scenario
async def test_a_recorder_whose_source_another_one_has_got_begins_anew(served: Served) -> None:
    class Quiet:
        system = event_system_pb2.EVENT_SYSTEM_NOMAD
        address = "nomad:4646"

        def __init__(self) -> None:
            self.positions: list[str] = []
            self.may_go_on = asyncio.Event()

        async def follow(self, position: str, sink: Sink) -> None:
            self.positions.append(position)
            await self.may_go_on.wait()
            await sink.reach("7")
            await asyncio.Event().wait()

    source = Quiet()
    there = source_pb2.SourceStatus(source="prod", system=source.system, position="5")
    state = served.deployment.log.state
    async with grpc.aio.insecure_channel(served.address) as channel:
        recorder = Recorder(channel, source, Plan("prod"), SystemClock(), at_once)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(recorder.run())
            await becomes(lambda: len(source.positions) == 1)
            write = state.put(SOURCES + "prod", there.SerializeToString())
            await asyncio.to_thread(served.server.run, write)
            source.may_go_on.set()
            await becomes(lambda: len(source.positions) == 2)
            recorder.stop()
    assert source.positions == ["", "5"]


@scenario
async def test_pauses_grow_until_something_is_read(served: Served) -> None:
    class Failing:
        system = event_system_pb2.EVENT_SYSTEM_NOMAD
        address = "nomad:4646"
        count = 0

        async def follow(self, position: str, sink: Sink) -> None:
            self.count += 1
            if self.count == 5:
                draft = event_pb2.Draft(key="k", events=[nomad()])
                await sink.put(draft, "7", 10)
            raise UpstreamFailed("ended the stream")

    pauses = await pauses_of(served, Failing(), "the system is not read now", 6)
    # chance takes up to half of each
    longest = [0.5, 1, 2, 4, 0.5, 1]
    for pause_s, most_s in zip(pauses, longest, strict=True):
        assert most_s / 2 - 0.05 <= pause_s <= most_s


@scenario
async def test_a_run_that_was_granted_makes_the_next_pause_short(served: Served) -> None:
    class Cut:
        system = event_system_pb2.EVENT_SYSTEM_NOMAD
        address = "nomad:4646"

        async def follow(self, position: str, sink: Sink) -> None:
            raise broken(grpc.StatusCode.UNAVAILABLE, "the service is gone")

    pauses = await pauses_of(served, Cut(), "the service does not take it", 5)
    assert max(pauses) <= 0.5


@scenario
async def test_what_is_set_of_a_source_and_how_it_goes_is_with_the_service(served: Served) -> None:
    class Short:
        system = event_system_pb2.EVENT_SYSTEM_NOMAD
        address = "nomad:4646"

        async def follow(self, position: str, sink: Sink) -> None:
            await sink.connected()
            raise UpstreamFailed("ended the stream", pause_s=123.0)

    resting = asyncio.Event()

    async def sleep(pause_s: float) -> None:
        if pause_s == 123.0:
            resting.set()
            await asyncio.Event().wait()
        await at_once(pause_s)

    async with grpc.aio.insecure_channel(served.address) as channel:
        plan = Plan("prod", stale_after_s=90.0, required=True)
        recorder = Recorder(channel, Short(), plan, SystemClock(), sleep)
        registry = served.deployment.service.sources
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(recorder.run())
            await resting.wait()
            await becomes(lambda: [each.reason for each in registry] == ["ended the stream"])
            (status,) = registry
            recorder.stop()
    assert (status.address, status.required, status.stale_after.seconds) == ("nomad:4646", True, 90)
    assert (status.connected, status.errors) == (False, 1)
    told = [
        (event.tidings.source_state.connected, event.tidings.source_state.reason)
        for record in read_to_head(served.stub, after_seq=0)
        for event in record.events
    ]
    assert told == [(True, ""), (False, "ended the stream")]


@scenario
async def test_a_report_that_is_cancelled_in_the_middle_ends_no_part_of_a_run_alone(
    served: Served,
) -> None:
    """A source of several lists that fails at one cancels what it is doing for the others."""

    class Several:
        system = event_system_pb2.EVENT_SYSTEM_CONSUL
        address = "consul:8500"
        followed_count = 0

        async def follow(self, position: str, sink: Sink) -> None:
            self.followed_count += 1
            if self.followed_count == 1:
                reporting = asyncio.create_task(sink.connected())
                await turns(1)  # it began
                reporting.cancel()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if self.followed_count == 1:  # as a task group does, of which a task has failed
                    raise UpstreamFailed("ended the connection") from None
                raise

    source = Several()
    async with grpc.aio.insecure_channel(served.address) as channel:
        recorder = Recorder(channel, source, Plan("prod"), SystemClock(), at_once)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(recorder.run())
            await becomes(lambda: source.followed_count == 2)
            recorder.stop()
