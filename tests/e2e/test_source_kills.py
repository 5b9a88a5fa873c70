"""kill -9 of recorders, services and everything at random moments: nothing is lost or repeated.

Every event that the system offered is stored once and in order, and no gap is told, since its
buffer holds all of them. `make kills` does it 200 times.
"""

from __future__ import annotations

import asyncio
import os
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import psutil
import pytest

from tests.e2e.test_sources import config_of, recorded, recorders, sources
from tests.kit.server import Server
from tests.patience import PATIENCE_S, until
from tests.rpc.serving import read_to_head
from tests.sources.test_recorder import FakeNomad
from tests.sources.upstreams import upstream

KILLS = int(os.environ.get("TEST_KILLS", "6"))
LONG_S = 4 * PATIENCE_S
"""On NATS a new node waits until the dead one's lease has run out, beside all that starts."""

WHAT = ("recorder", "service", "everything")


class System:
    """A Nomad in a thread of its own, which cuts connections as well."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._nomad = FakeNomad(chance, size=100 * KILLS)
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self.indexes: list[int] = []
        self.url = ""

    @property
    def sent_count(self) -> int:
        """How many lines it has sent, again and again included."""
        return self._nomad.sent_count

    @contextmanager
    def running(self) -> Iterator[None]:
        served = threading.Event()

        async def serve() -> None:
            async with upstream(self._nomad.serve) as self.url:
                served.set()
                await self._over.wait()

        thread = threading.Thread(target=lambda: self._loop.run_until_complete(serve()))
        thread.start()
        try:
            served.wait()
            yield
        finally:
            self._loop.call_soon_threadsafe(self._over.set)
            thread.join()
            self._loop.close()

    def happen(self, count: int) -> None:
        for _ in range(count):
            last = self.indexes[-1] if self.indexes else 100
            self.indexes.append(last + self._chance.randrange(1, 4))
            self._loop.call_soon_threadsafe(self._nomad.happen, self.indexes[-1])


def has_counted(server: Server) -> bool:
    """Say whether the source has told of an event that it recorded."""
    known = sources(server)
    return "prod" in known and known["prod"].events > 0


def kill(server: Server, what: str) -> None:
    """Kill it; what its supervisor does not start again is started."""
    try:
        if what == "recorder":
            for each in recorders(server):
                each.kill()
            return
        if what == "service" and "service" in (children := server.children()):
            children["service"].kill()
            return
    except psutil.NoSuchProcess:  # after many deaths in a minute the supervisor has given up
        pass
    if server.process.poll() is None:
        server.kill_all()
    server.start()


@pytest.mark.slow
@pytest.mark.timeout(120 + 20 * KILLS)
def test_what_was_offered_is_stored_once_in_order_through_kills(tmp_path: Path) -> None:
    chance = random.Random(14)
    system = System(chance)
    with system.running():
        config = config_of(tmp_path, prod=system.url)
        server = Server(tmp_path / "data", [f"--config={config}"])

        def has_all() -> bool:
            if server.process.poll() is not None:
                server.start()
            try:
                return [index for _, index in recorded(server)] == system.indexes
            except grpc.RpcError:  # it is not back yet
                return False

        try:
            server.start()
            system.happen(1)
            # counts come with the position: from one that is kept on, nothing need be told
            until(lambda: has_counted(server), "its position is kept", within_s=LONG_S)
            for number in range(KILLS):
                count = chance.randrange(1, 7)
                seen_count = system.sent_count
                system.happen(count)
                moment = chance.randrange(0, count + 1)
                until(
                    lambda: (
                        system.sent_count >= seen_count + moment  # noqa: B023 - waited for here
                        or server.process.poll() is not None
                    ),
                    "some of it is read",
                    within_s=LONG_S,
                )
                kill(server, WHAT[number % len(WHAT)])
            until(has_all, "all of it is recorded", within_s=LONG_S)
            with server.stub() as stub:
                told = [
                    event.tidings.source_gap
                    for record in read_to_head(stub, after_seq=0)
                    for event in record.events
                    if event.tidings.HasField("source_gap")
                ]
            assert told == []
        finally:
            server.end()
