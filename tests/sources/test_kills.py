"""kill -9 of recorders, of the service and of everything at random moments: nothing is lost.

Four recorders and the service that they share are processes that run `tidings record` and `tidings
service`, forked from one that has imported them already, so that two hundred kills cost little.
Every system keeps all that happened and breaks connections, so each event must be stored once, in
order, and no gap be told. `make kills` does it to `tidings serve`, with its supervisor.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain, repeat
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import grpc
import pytest

from tests.patience import PATIENCE_S, until
from tests.rpc.serving import Served
from tests.sources.test_recorder import FakeNomad, gaps
from tests.sources.test_recorder import stored as stored_nomad
from tests.sources.test_recorder_consul import FakeConsul
from tests.sources.test_recorder_consul import stored as stored_consul
from tests.sources.test_recorder_feldera import FakeFeldera
from tests.sources.test_recorder_feldera import stored as stored_feldera
from tests.sources.test_recorder_puppet import FakeOrchestrator
from tests.sources.test_recorder_puppet import stored as stored_puppet
from tests.sources.upstreams import Answer, Asked, Handler, upstream
from tidings.app import cli
from tidings.v1.event_service_pb2 import GetLogStatusRequest
from tidings.v1.event_service_pb2_grpc import EventServiceStub
from tidings.v1.source_service_pb2 import ListSourcesRequest
from tidings.v1.source_service_pb2_grpc import SourceServiceStub

KILLS = 200
WHAT = (*5 * ("recorder",), "service", "everything")
"""What is killed, as often as it stands here: a death of the service is one for four recorders."""
LONG_S = 3 * PATIENCE_S

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        *("httpx2", "prometheus_client", "http.server", "concurrent.futures.thread"),
        *(
            f"tidings.app.{name}"
            for name in ("cli", "commands.record", "commands.service", "metrics_page")
        ),
        "tidings.store.sqlite",
        *(f"tidings.sources.{name}" for name in ("nomad", "consul", "puppet", "feldera")),
    ]
)
"""Everything that is imported late otherwise: a fork of it is ready in a tenth of the time."""


@dataclass
class System:
    """A system, and what happened in it."""

    name: str
    handler: Handler
    happen: Callable[[], object]
    stored: Callable[[Served], list[object]]
    happened: list[object] = field(default_factory=list)
    is_polled: bool = False
    url: str = ""
    asked_count: int = 0
    recorder: BaseProcess | None = None

    async def serve(self, asked: Asked, answer: Answer) -> None:
        self.asked_count += 1
        await self.handler(asked, answer)


def systems_of(chance: random.Random) -> list[System]:
    nomad, consul = FakeNomad(chance, size=1000), FakeConsul(chance, size=250)
    puppet, feldera = FakeOrchestrator(chance, cut_rate=0.01), FakeFeldera(chance, size=900)
    indexes = iter(range(101, 10_000, 2))
    numbers = iter(range(10_000))
    may_finish = chain((False,), repeat(object()))  # a first run begins with what is running then

    def change() -> object:
        index = next(indexes)
        nomad.happen(index)
        return index

    def fire() -> object:
        event_id = f"{next(numbers):08x}-0000-0000-0000-{chance.getrandbits(48):012x}"
        consul.fire(event_id)
        return event_id

    def go_on() -> object:
        return puppet.happen(may_finish=bool(next(may_finish)))

    return [
        System("nomad", nomad.serve, change, stored_nomad),  # type: ignore[arg-type]
        System("consul", consul.serve, fire, stored_consul),  # type: ignore[arg-type]
        System("puppet", puppet.serve, go_on, stored_puppet, is_polled=True),  # type: ignore[arg-type]
        System("feldera", feldera.serve, feldera.happen, stored_feldera, is_polled=True),  # type: ignore[arg-type]
    ]


class Service:
    """A service in a process of its own, on one log that outlives it."""

    def __init__(self, folder: Path) -> None:
        self._data, path = folder / "data", folder / "socket"
        self.address = f"unix:{path}"
        self._words = ("service", f"--data={self._data}", f"--unix={path}", "--grpc=127.0.0.1:0")
        self._process: BaseProcess | None = None
        names = ("min", "initial", "max")
        pauses = [(f"grpc.{name}_reconnect_backoff_ms", 200) for name in names]
        channel = grpc.insecure_channel(self.address, pauses)
        self.read = cast("Served", SimpleNamespace(channel=channel, stub=EventServiceStub(channel)))

    def start(self) -> None:
        """Start it again, and return once it answers."""
        self.kill()
        self._process = FORKS.Process(target=cli.run, args=([*self._words],))
        self._process.start()
        until(self._answers, "the service answers", LONG_S)

    def counts(self) -> list[int]:
        """Return how many events each source has told of."""
        stub = SourceServiceStub(self.read.channel)
        return [each.events for each in stub.ListSources(ListSourcesRequest()).sources]

    def _answers(self) -> bool:
        try:
            self.read.stub.GetLogStatus(GetLogStatusRequest(), timeout=PATIENCE_S)
        except grpc.RpcError:  # also where the channel did not know yet that the old one is gone
            return False
        return True

    def kill(self) -> None:
        """Kill it, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.join()

    def close(self) -> None:
        """Leave nothing of it but its log."""
        self.kill()
        self.read.channel.close()


class Scene:
    """The service and four systems, these served from a thread, so that the test may block."""

    def __init__(self, chance: random.Random, folder: Path) -> None:
        self.systems = systems_of(chance)
        self.service = Service(folder)
        self._loop = asyncio.new_event_loop()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve them, and leave neither them nor their recorders behind."""
        over, ready = asyncio.Event(), threading.Event()

        async def serve() -> None:
            async with AsyncExitStack() as stack:
                for system in self.systems:
                    system.url = await stack.enter_async_context(upstream(system.serve))
                ready.set()
                await over.wait()

        thread = threading.Thread(target=lambda: self._loop.run_until_complete(serve()))
        thread.start()
        try:
            assert ready.wait(PATIENCE_S)
            self.service.start()
            yield
        finally:
            for system in self.systems:
                end_recorder(system)
            self.service.close()
            self._loop.call_soon_threadsafe(over.set)
            thread.join()
            self._loop.close()

    def happen(self, system: System, count: int) -> None:
        """Let something happen in a system."""

        async def some() -> None:
            system.happened.extend(system.happen() for _ in range(count))

        asyncio.run_coroutine_threadsafe(some(), self._loop).result(PATIENCE_S)

    def begin(self) -> None:
        """Record a first event of each system, until where to read on is kept, as counts are."""
        for system in self.systems:
            self.happen(system, 1)
            self.record(system)
        until(lambda: self.service.counts() == [1] * len(self.systems), "positions", LONG_S)

    def kill(self, what: str, system: System) -> None:
        """Kill the recorder of a system, the service or everything, and start it again."""
        if what == "everything":
            for each in self.systems:
                end_recorder(each)
        if what != "recorder":
            self.service.start()
        for each in self.systems if what == "everything" else [system]:
            if what != "service":
                self.record(each)

    def record(self, system: System) -> None:
        """Kill the recorder of a system, and start another one."""
        end_recorder(system)
        words = ("record", system.name, system.url, f"--source={system.name}")
        system.asked_count = 0
        system.recorder = FORKS.Process(
            target=cli.run, args=([*words, f"--upstream={self.service.address}"],)
        )
        system.recorder.start()

    def wait_a_moment(self, system: System, missing_count: int) -> None:
        """Wait until all but so much is stored; of one that is polled: that it was asked at all."""
        if system.is_polled:
            until(lambda: system.asked_count >= missing_count % 2, "it is asked", LONG_S)
        else:
            self.wait_for_all(system, missing_count)

    def wait_for_all(self, system: System, missing_count: int = 0) -> None:
        """Wait until all is stored, or all but so much. What is too much is seen at the end."""
        wanted = len(system.happened) - missing_count

        def is_stored() -> bool:
            assert system.recorder is not None
            status = system.recorder.exitcode
            assert status is None, f"the recorder of {system.name} ended by itself: {status}"
            return len(system.stored(self.service.read)) >= wanted

        until(is_stored, f"{system.name}: {wanted} events", LONG_S)


def end_recorder(system: System) -> None:
    if system.recorder is not None:
        system.recorder.kill()
        system.recorder.join()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_hundred_kills_change_nothing(tmp_path: Path) -> None:
    chance = random.Random(14)
    scene = Scene(chance, tmp_path)
    with scene.running():
        scene.begin()
        told = gaps(scene.service.read)  # where a first connection broke at once, one may be told
        for number in range(KILLS):
            for each in scene.systems:
                scene.happen(each, chance.randrange(0, 3))
            system = scene.systems[number % len(scene.systems)]
            scene.wait_a_moment(system, chance.randrange(0, 4))
            scene.kill(chance.choice(WHAT), system)
        for system in scene.systems:
            scene.wait_for_all(system)
        for system in scene.systems:
            found = system.stored(scene.service.read)
            assert sorted(found) == sorted(system.happened)  # type: ignore[type-var]
            if system.name != "puppet":  # whose jobs are read side by side
                assert found == system.happened
        assert gaps(scene.service.read) == told
