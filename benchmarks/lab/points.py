"""The cost of one way of reading by number of readers: a line of the chart."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks.lab import events, openings, peers, sides
from benchmarks.lab.measure import Readers, cpu_s, mark, reading, rss_bytes
from benchmarks.lab.rounds import warm_up
from benchmarks.lab.sides import Side
from tidings.v1 import event_service_pb2 as pb

_DELIVERIES_A_SECOND = 10_000
_STEADY_S, _MOST_A_SECOND = 1.0, 50
_FLOOD_DELIVERIES, _LEAST, _MOST = 100_000, 100, 1000


@dataclass(frozen=True, slots=True)
class Line:
    """A way of reading something, with events of one size, all readers alike or none."""

    name: str
    open: Callable[[Path], AbstractContextManager[Side]]
    event: str = "4.6 KB"
    selections: str = "the same"
    is_drawn: bool = False
    is_quick: bool = False
    """No row of the table measures it, so a quick run does."""
    opening_of: Callable[[int], bytes] | None = None
    """The request of a reader by number; without it all send the side's own."""
    most: int = _MOST
    """Events published at once."""


@dataclass(frozen=True, slots=True)
class Point:
    """The measurement with a number of readers."""

    line: str
    event: str
    selections: str
    regime: str
    readers: int
    cpu_us: float
    """Of all processes of the server, for an event delivered."""
    events_a_second: float
    p50_us: int
    p99_us: int
    kb_a_reader: float
    """Growth of the resident memory of all processes; memory freed before hides some of it."""


def measured(folder: Path, line: Line, readers: Sequence[int], share: float) -> list[Point]:
    """Return the points of a line, both regimes, with a share of the events of a full run."""
    found = []
    with line.open(folder) as side:
        for count in readers:
            before = rss_bytes(side.pids)
            calls = [line.opening_of(i) for i in range(count)] if line.opening_of else []
            with reading(folder, side.address, calls or [side.opening], count) as reader:
                warm_up(side, reader)
                grown_kb = (rss_bytes(side.pids) - before) / 1024 / count
                blank = Point(
                    line.name, line.event, line.selections, "steady", count, 0, 0, 0, 0, grown_kb
                )
                a_second = min(_MOST_A_SECOND, _DELIVERIES_A_SECOND / count)
                total = max(5, int(a_second * _STEADY_S * share))
                found.append(_point(blank, side, reader, total, 1 / a_second))
                total = min(line.most, max(_LEAST, _FLOOD_DELIVERIES // count))
                blank = replace(blank, regime="flood")
                found.append(_point(blank, side, reader, max(5, int(total * share)), 0))
    return found


def _point(blank: Point, side: Side, reader: Readers, total: int, every_s: float) -> Point:
    began_s, due_s = cpu_s(side.pids), time.monotonic()
    if not every_s:
        side.publish([mark() for _ in range(total)])
    for _ in range(total if every_s else 0):
        due_s += every_s
        side.publish([mark()])
        time.sleep(max(0.0, due_s - time.monotonic()))
    count = reader.wait(total * reader.count)
    return replace(
        blank,
        cpu_us=(cpu_s(side.pids) - began_s) / count.events * 1e6,
        events_a_second=count.events / max(count.span_us, 1) * 1e6,
        p50_us=count.p50_us,
        p99_us=count.p99_us,
    )


def _own_grpc(number: int) -> bytes:
    request = pb.SubscribeRequest()
    request.CopyFrom(sides.LIVE)
    request.selection.nomad.topics[0].topic = "Node"
    request.selection.nomad.topics.add(topic="Job", key=f"job-{number}")
    return openings.grpc(sides.SUBSCRIBE, request.SerializeToString())


def _own_ndjson(number: int) -> bytes:
    return openings.http(f"/v1/event/stream?topic=Node&topic=Job:job-{number}")


def _ours(which: str) -> Callable[[Path], AbstractContextManager[Side]]:
    return partial(sides.tidings, which=which)


def _small(which: str) -> Callable[[Path], AbstractContextManager[Side]]:
    return partial(sides.tidings, which=which, make=events.small)


_OWN = "all different"

LINES = (
    Line("bare writer", sides.joining_writer, is_drawn=True, is_quick=True),
    Line("grpc.aio bytes", sides.pass_through, is_drawn=True),
    Line("Go net/http", sides.go, is_drawn=True),
    Line("etcd watch", peers.etcd, is_drawn=True),
    Line("nats core", peers.nats, is_drawn=True),
    Line("redis", peers.redis, is_drawn=True),
    Line("gRPC Subscribe", _ours("grpc"), is_drawn=True),
    Line("Nomad ndjson", _ours("ndjson"), is_drawn=True),
    Line("server-sent events", _ours("sse"), is_quick=True),
    Line("websocket", _ours("websocket"), event="300 B"),
    Line("Consul lists", _ours("consul"), event="300 B", is_quick=True, most=200),
    Line("gRPC Subscribe", _small("grpc"), event="300 B"),
    Line("Nomad ndjson", _small("ndjson"), event="300 B"),
    Line("server-sent events", _small("sse"), event="300 B"),
    Line("gRPC Subscribe", _ours("grpc"), selections=_OWN, opening_of=_own_grpc),
    Line("Nomad ndjson", _ours("ndjson"), selections=_OWN, opening_of=_own_ndjson),
)
"""The first is shown as 1 in the chart."""
