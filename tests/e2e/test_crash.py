"""kill -9 at random moments: what was acknowledged is there once and in order (G1, G2, G4)."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.server import Server, serving
from tests.nats.shared import ON_NATS
from tests.patience import PATIENCE_S
from tidings.store.sqlite.check import check_sqlite
from tidings.v1 import event_pb2, event_service_pb2

KILLS = 21
MODES = ("publish", "publish", "stream", "stream", "http", "http")
COUNT = 5_000  # more than any publisher gets done before the last kill


class Acknowledged:
    """What the publishers were told, gathered from their output."""

    def __init__(self) -> None:
        self.by_publisher: dict[str, list[tuple[int, int]]] = {}
        self.total = 0
        self._grown = threading.Condition()

    def gather(self, name: str, lines: Iterator[str]) -> None:
        for line in lines:
            number, seq = line.split()
            with self._grown:
                self.by_publisher.setdefault(name, []).append((int(number), int(seq)))
                self.total += 1
                self._grown.notify_all()

    def wait_for(self, more: int) -> None:
        with self._grown:
            target = self.total + more
            assert self._grown.wait_for(lambda: self.total >= target, PATIENCE_S), (
                "publishers are stuck"
            )


def spawn(server: Server, mode: str, name: str) -> subprocess.Popen[str]:
    address = server.http if mode == "http" else server.grpc
    script = Path(__file__).with_name("publisher.py")
    return subprocess.Popen(
        [sys.executable, str(script), mode, address, name, str(COUNT)],
        stdout=subprocess.PIPE,
        text=True,
    )


def kill(server: Server, what: str) -> None:
    children = server.children()
    if what == "service":
        if "service" in children:  # else it is being started again already
            children["service"].kill()
    elif what == "group":
        server.kill_all()
        server.start()
    else:
        server.process.kill()
        server.process.wait(PATIENCE_S)
        for child in children.values():
            child.wait(PATIENCE_S)
        server.start()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_acknowledged_events_survive_kills_once_and_in_order(tmp_path: Path) -> None:
    # A gateway whose supervisor and service were killed waits for the one that does not come.
    with serving(tmp_path / "data", "--grace=1s") as server:
        told = killing(server)
        assert server.stop() == 0
        if not ON_NATS:
            assert check_sqlite(server.data).problems == ()
        server.start()
        assert_once_and_in_order(read_all(server), told)


def killing(server: Server) -> Acknowledged:
    """Kill it again and again under publishers, and return what they were told."""
    dice = random.Random(20)
    told = Acknowledged()
    with contextlib.ExitStack() as undo:
        for place, mode in enumerate(MODES):
            name = f"{mode}{place}"
            publisher = undo.enter_context(spawn(server, mode, name))
            undo.callback(publisher.kill)
            assert publisher.stdout is not None
            thread = threading.Thread(target=told.gather, args=(name, publisher.stdout))
            thread.start()
            undo.callback(thread.join, PATIENCE_S)
            undo.callback(publisher.kill)
        for turn in range(KILLS):
            told.wait_for(dice.randrange(1, 60))
            kill(server, ("service", "group", "supervisor")[turn % 3])
        told.wait_for(len(MODES) * 10)
    return told


def read_all(server: Server) -> list[event_pb2.EventRecord]:
    found: list[event_pb2.EventRecord] = []
    with server.stub() as stub:
        call = stub.Subscribe(
            event_service_pb2.SubscribeRequest(position=event_service_pb2.START_POSITION_EARLIEST)
        )
        for response in call:
            found.extend(response.batch.records)
            if response.HasField("heartbeat"):
                call.cancel()
                return found
    raise AssertionError("the stream ended")


def identity(record: event_pb2.EventRecord) -> tuple[str, int]:
    (event,) = record.events
    if event.HasField("consul"):
        return event.consul.name, int(event.consul.payload)
    return event.nomad.type, int(event.nomad.key)


def assert_once_and_in_order(records: list[event_pb2.EventRecord], told: Acknowledged) -> None:
    seqs = [record.seq for record in records]
    assert seqs == sorted(set(seqs))
    stored = {identity(record): record.seq for record in records}
    assert len(stored) == len(records), "something is there twice"
    for name, answers in told.by_publisher.items():
        assert [stored[name, number] for number, _ in answers] == [seq for _, seq in answers]
        assert [seq for _, seq in answers] == sorted(seq for _, seq in answers)
