"""A recorder that is killed at once on a first run: what is lost from then on is covered by a gap.

The pause after which positions are reported never ends here, so nothing of the run is kept but what
it says of its beginning.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
import pytest

from tests.kit.loop import at_once, run_async
from tests.patience import PATIENCE_S
from tests.rpc.events import consul as consul_event
from tests.rpc.serving import Served, publish, serving
from tests.sources import (
    test_cloud_events,
    test_recorder,
    test_recorder_consul,
    test_recorder_feldera,
    test_recorder_puppet,
    test_tidings_log,
)
from tests.sources.test_recorder import gaps, record
from tests.sources.test_tidings_log import at_the, position, url_of
from tests.sources.upstreams import Handler, upstream
from tidings.app.clock import SystemClock
from tidings.sources import recorder as recorder_module
from tidings.sources.cloud_events import CloudEventsSource
from tidings.sources.consul import ConsulSource
from tidings.sources.feldera import FelderaSource
from tidings.sources.nomad import NomadSource
from tidings.sources.puppet import PuppetSource
from tidings.sources.recorder import Plan, Recorder
from tidings.sources.recording_sink import REPORT_S
from tidings.sources.source import Source
from tidings.sources.target import Target
from tidings.sources.tidings_log import TidingsSource


@dataclass(frozen=True)
class System:
    """A system. `happen` says what happened as `stored` does; `forget` forgets all of it."""

    handler: Handler
    source: Callable[[str], Source]
    happen: Callable[[], object]
    forget: Callable[[], object]
    stored: Callable[[Served], Sequence[object]]


def nomad() -> System:
    system, indexes = test_recorder.FakeNomad(random.Random(1)), iter(range(101, 200))

    def happen() -> int:
        index = next(indexes)
        system.happen(index)
        return index

    return System(
        system.serve,
        lambda url: NomadSource("prod", Target(url)),
        happen,
        system.restart,
        test_recorder.stored,
    )


def consul() -> System:
    system = test_recorder_consul.FakeConsul(random.Random(1))
    ids = iter(f"{number:08x}-0000-0000-0000-000000000000" for number in range(100))

    def happen() -> str:
        event_id = next(ids)
        system.fire(event_id)
        return event_id

    return System(
        system.serve,
        lambda url: ConsulSource("prod", Target(url), sleep=at_once),
        happen,
        system.restart,
        test_recorder_consul.stored,
    )


def puppet(*jobs: str) -> System:
    system = test_recorder_puppet.FakeOrchestrator(random.Random(1), cut_rate=0)
    return System(
        system.serve,
        lambda url: PuppetSource("prod", Target(url), jobs=jobs, sleep=at_once),
        lambda: system.happen(may_finish=False),
        system.remove_all,
        test_recorder_puppet.stored,
    )


def feldera() -> System:
    system = test_recorder_feldera.FakeFeldera(random.Random(1))
    return System(
        system.serve,
        lambda url: FelderaSource("prod", Target(url), sleep=at_once),
        system.happen,
        system.clean_up,
        test_recorder_feldera.stored,
    )


def cloud_events() -> System:
    system = test_cloud_events.FakeShop(random.Random(1), cut_rate=0)
    return System(
        system.serve,
        lambda url: CloudEventsSource("prod", Target(url + "/stream"), resumes=True),
        system.happen,
        system.restart,
        test_cloud_events.stored,
    )


SYSTEMS = [
    pytest.param(nomad, id="nomad"),
    pytest.param(consul, id="consul"),
    pytest.param(puppet, id="puppet"),
    pytest.param(lambda: puppet("1", "2", "3"), id="puppet, jobs by id"),
    pytest.param(feldera, id="feldera"),
    pytest.param(cloud_events, id="cloudevents-sse"),
]


async def never_reporting(pause_s: float) -> None:
    if pause_s == REPORT_S:
        await asyncio.Event().wait()
    await at_once(pause_s)


async def record_and_die(served: Served, source: Source, is_over: Callable[[], bool]) -> None:
    """Run a recorder until something is so, and cancel it, so that it says nothing more."""
    async with grpc.aio.insecure_channel(served.address) as channel:
        recorder = Recorder(channel, source, Plan("prod"), SystemClock(), never_reporting)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(recorder.run())
            while not await asyncio.to_thread(is_over):
                pass
            running.cancel()


@pytest.mark.parametrize("make", SYSTEMS)
@pytest.mark.parametrize("count", [1, 5])
def test_what_is_lost_after_a_first_event_is_covered(
    served: Served, make: Callable[[], System], count: int
) -> None:
    system = make()

    async def main() -> None:
        async with upstream(system.handler) as url:
            source = system.source(url)
            for _ in range(count):
                system.happen()
            await record_and_die(served, source, lambda: len(system.stored(served)) > 0)
            lost = [system.happen() for _ in range(3)]
            system.forget()
            last = system.happen()
            await record(
                served, source, lambda: last in system.stored(served) or bool(gaps(served))
            )
            assert set(lost).isdisjoint(system.stored(served))

    run_async(main())
    assert gaps(served)


@pytest.mark.parametrize("make", [each for each in SYSTEMS if "jobs" not in str(each.id)])
def test_what_is_lost_after_a_first_look_at_nothing_is_covered(
    served: Served, make: Callable[[], System]
) -> None:
    system = make()

    async def main() -> None:
        async with upstream(system.handler) as url:
            source = system.source(url)
            await record_and_die(served, source, lambda: position("prod", served) != "")
            lost = [system.happen() for _ in range(3)]
            system.forget()
            last = system.happen()
            await record(served, source, lambda: last in system.stored(served))
            assert set(lost).isdisjoint(system.stored(served))

    run_async(main())
    assert gaps(served)


def test_jobs_that_finish_after_a_first_look_are_recorded_whole(served: Served) -> None:
    system = test_recorder_puppet.FakeOrchestrator(random.Random(1), cut_rate=0)
    happened = [system.happen(may_finish=False)]

    async def main() -> None:
        async with upstream(system.serve) as url:
            source = PuppetSource("prod", Target(url), sleep=at_once)
            await record_and_die(served, source, lambda: position("prod", served) != "")
            happened.extend(system.happen(may_finish=False) for _ in range(10))
            system.end_all()
            stored = test_recorder_puppet.stored
            await record(served, source, lambda: sorted(stored(served)) == sorted(happened))

    run_async(main())
    assert gaps(served) == []


def test_where_a_recorder_that_is_stopped_would_read_on_is_stored(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "GRACE_S", 100 * PATIENCE_S)  # it is never cut short
    system = nomad()

    async def main() -> None:
        async with upstream(system.handler) as url:
            last = [system.happen() for _ in range(3)][-1]
            async with grpc.aio.insecure_channel(served.address) as channel:
                source = system.source(url)
                recorder = Recorder(channel, source, Plan("prod"), SystemClock(), never_reporting)
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(recorder.run())
                    while last not in await asyncio.to_thread(system.stored, served):
                        pass
                    recorder.stop()
            assert position("prod", served) == str(last)

    run_async(main())


@contextmanager
def edge() -> Iterator[Served]:
    with serving("127.0.0.1:0") as one:
        yield one


def test_another_log_after_a_first_event_is_covered(served: Served) -> None:
    async def main(first: Served, second: Served) -> None:
        for each in (first, second):
            publish(at_the(each).stub, consul_event())
        await record_and_die(
            served,
            TidingsSource("prod", Target(url_of(first))),
            lambda: test_tidings_log.has_so_many(served, 1),
        )
        await record(
            served,
            TidingsSource("prod", Target(url_of(second))),
            lambda: test_tidings_log.has_so_many(served, 2),
        )

    with edge() as first, edge() as second:
        run_async(main(first, second))
    assert gaps(served)
