"""A publisher that never gives up, and readers that resume: what clients do through a fault."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import grpc
import pytest

from tests.patience import PATIENCE_S
from tidings.v1 import event_pb2, event_service_pb2, event_service_pb2_grpc, nomad_pb2

_CALL_S = 12.0
_PAUSE_S = 0.2


@dataclass
class Traffic:
    """Publishes numbered events with keys, one after another, to whichever node answers."""

    addresses: Sequence[str]
    name: str
    acknowledged: dict[int, int] = field(default_factory=dict)
    failures: list[grpc.StatusCode] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish what was begun: the last event is acknowledged, or this waits in vain."""
        self._stop.set()
        self._thread.join(4 * PATIENCE_S)
        assert not self._thread.is_alive(), f"{self.name} waits for an answer"

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set():
            self._publish(number)
            number += 1

    def _publish(self, number: int) -> None:
        """Publish until it is acknowledged, turning to the next node after a failure."""
        event = event_pb2.Event(
            source=self.name,
            id=str(number),
            nomad=nomad_pb2.NomadEvent(topic="Job", type="JobRegistered", key=f"{number}"),
        )
        request = event_service_pb2.PublishRequest(draft=event_pb2.Draft(events=[event]))
        turn = 0
        while True:
            address = self.addresses[(number + turn) % len(self.addresses)]
            try:
                with grpc.insecure_channel(address) as channel:
                    stub = event_service_pb2_grpc.EventServiceStub(channel)
                    answer = stub.Publish(request, timeout=_CALL_S)
            except grpc.RpcError as error:
                self.failures.append(error.code())
                turn += 1
                self._stop.wait(_PAUSE_S)
                if turn > 200:
                    return
                continue
            self.acknowledged[number] = answer.seq
            return


def check_refused(address: str) -> None:
    """Publish while nothing can be stored: the service says so, before the caller's deadline."""
    event = event_pb2.Event(nomad=nomad_pb2.NomadEvent(topic="Job", type="JobRegistered"))
    request = event_service_pb2.PublishRequest(draft=event_pb2.Draft(events=[event]))
    with grpc.insecure_channel(address) as channel:
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        with pytest.raises(grpc.RpcError) as refused:
            stub.Publish(request, timeout=_CALL_S)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE, refused.value


def read_all(address: str, until_seq: int) -> list[tuple[int, str, str]]:
    """Return (seq, source, id) of every event of one node's log up to a position."""
    found: list[tuple[int, str, str]] = []
    request = event_service_pb2.SubscribeRequest(position=event_service_pb2.START_POSITION_EARLIEST)
    with grpc.insecure_channel(address) as channel:
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        call = stub.Subscribe(request, timeout=4 * PATIENCE_S, wait_for_ready=True)
        for message in call:
            found += [(r.seq, r.events[0].source, r.events[0].id) for r in message.batch.records]
            if found and found[-1][0] >= until_seq:
                call.cancel()
                break
    return found


@dataclass
class Resuming:
    """A reader that follows one node after another by position, through every fault."""

    addresses: Sequence[str]
    seen: list[tuple[int, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reader")
        self._call: grpc.Call | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._call is not None:
            self._call.cancel()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "the reader does not end"

    def _run(self) -> None:
        turn = 0
        while not self._stop.is_set():
            self._follow(self.addresses[turn % len(self.addresses)])
            turn += 1
            self._stop.wait(_PAUSE_S)

    def _follow(self, address: str) -> None:
        request = event_service_pb2.SubscribeRequest(after_seq=self.seen[-1][0] if self.seen else 1)
        request.heartbeat_interval.FromMilliseconds(500)
        try:
            with grpc.insecure_channel(address) as channel:
                stub = event_service_pb2_grpc.EventServiceStub(channel)
                call = self._call = stub.Subscribe(request, timeout=5.0)
                for message in call:
                    for record in message.batch.records:
                        event = record.events[0]
                        self.seen.append((record.seq, event.source, event.id))
                    if self._stop.is_set():
                        return
        except grpc.RpcError:
            return
