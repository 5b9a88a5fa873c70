"""Recorders that say what a test wants them to."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.patience import PATIENCE_S
from tests.rpc.serving import Served
from tidings.v1 import event_system_pb2, source_pb2
from tidings.v1 import source_service_pb2 as pb
from tidings.v1.source_service_pb2_grpc import SourceServiceStub

NOMAD = event_system_pb2.EVENT_SYSTEM_NOMAD
PUPPET = event_system_pb2.EVENT_SYSTEM_PUPPET


class Recorder:
    """A recorder that says what the test wants it to."""

    def __init__(self, served: Served, metadata: Any = None) -> None:
        self._said: queue.Queue[pb.RunSourceRequest | None] = queue.Queue()
        stub = SourceServiceStub(served.channel)
        said: Callable[[], pb.RunSourceRequest | None] = self._said.get
        self.heard = stub.RunSource(iter(said, None), timeout=PATIENCE_S, metadata=metadata)

    def claim(self, source: str = "prod", system: int = NOMAD, **fields: Any) -> None:
        claim = pb.SourceClaim(source=source, system=system, **fields)  # type: ignore[arg-type]
        self._said.put(pb.RunSourceRequest(claim=claim))

    def report(self, **fields: Any) -> None:
        self._said.put(pb.RunSourceRequest(report=pb.SourceReport(**fields)))

    def hear(self) -> str:
        """Return what kind of answer comes next."""
        return str(next(self.heard).WhichOneof("part"))

    def granted(self) -> str | None:
        """Return the position of the grant, which must come next; None = there is none."""
        answer = next(self.heard)
        assert answer.HasField("grant")
        return answer.grant.position if answer.grant.HasField("position") else None

    def leave(self) -> None:
        self._said.put(None)

    def die(self) -> None:
        """End as a process that is killed."""
        self.heard.cancel()
        self.leave()


@contextmanager
def recording(served: Served, **fields: Any) -> Iterator[Recorder]:
    recorder = Recorder(served)
    recorder.claim(**fields)
    try:
        yield recorder
    finally:
        recorder.die()


def sources(served: Served) -> list[source_pb2.SourceStatus]:
    stub = SourceServiceStub(served.channel)
    return list(stub.ListSources(pb.ListSourcesRequest(), timeout=PATIENCE_S).sources)
