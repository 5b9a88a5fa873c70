"""Rows about many readers: their memory, and the cost of those that do not want an event."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.lab import events, openings, sides
from benchmarks.lab.measure import Readers, cpu_s, mark, reading, rss_bytes
from benchmarks.lab.rounds import Size, warm_up
from tests.kit.server import Server, serving
from tidings.v1 import event_service_pb2 as pb
from tidings.v1 import event_service_pb2_grpc
from tidings.v1.event_pb2 import Draft

_IDLE, _UNWANTING, _SELECTIVE = 2000, 10_000, 1000
_STREAMS = 100
"""Of the 10,000 on one connection, so that no limit on open files is reached."""
_FOR_ALL = "all"
"""The key of an event that every reader here wants: a reader that has it is connected."""
_CLOSED_LOOP_EVENTS = 1000
_UNWANTED_EVENTS = 20_000
_GROUP = 100

Stub = event_service_pb2_grpc.EventServiceStub


def idle_kb(which: str) -> Callable[[Path, Size], float]:
    """Return what an idle reader adds to the resident memory of all processes, in KB (1024)."""

    def measure(folder: Path, size: Size) -> float:
        count = _IDLE // size.one_of
        with (
            sides.tidings(folder, which) as side,
            reading(folder, side.address, [side.opening], count // 10) as first,
        ):
            warm_up(side, first)  # one-time allocations are done
            before = rss_bytes(side.pids)
            with reading(folder, side.address, [side.opening], count) as reader:
                warm_up(side, reader)
                grown = rss_bytes(side.pids) - before
        _note(f"{count} readers, {grown / 1024 / count:.1f} KB each")
        return grown / 1024 / count

    return measure


def unwanting(folder: Path, size: Size) -> float:
    """Return the ratio of the CPU of publishing under 10,000 streams that want none of it to none.

    Each selects another key. They share connections, 100 on each.
    """
    count = _UNWANTING // size.one_of
    per_connection = min(_STREAMS, count)
    calls = [
        openings.grpc(sides.SUBSCRIBE, *(_wanting(at + number) for number in range(per_connection)))
        for at in range(0, count, per_connection)
    ]
    ratios = []
    with ExitStack() as stack:
        busy, busy_stub = stack.enter_context(_keyed(folder / "busy"))
        idle, idle_stub = stack.enter_context(_keyed(folder / "idle"))
        reader = stack.enter_context(reading(folder, busy.grpc, calls, len(calls)))
        reader.wait(count)
        for _ in range(size.rounds):
            ours_s, theirs_s = (
                _publishing_s(server, stub, _UNWANTED_EVENTS // size.one_of)
                for server, stub in ((busy, busy_stub), (idle, idle_stub))
            )
            assert reader.now().events == 0, "some of them wanted it"
            ratios.append(ours_s / theirs_s)
            _note(f"{count} streams {ours_s:.2f} s, none {theirs_s:.2f} s")
    return statistics.median(ratios)


def selective(which: str) -> Callable[[Path, Size], float]:
    """Return the ratio of the CPU per event for 1,000 readers, each with its own, to one reader.

    One event after the other, each published when the last one has arrived.
    """

    def measure(folder: Path, size: Size) -> float:
        count = _SELECTIVE // size.one_of
        total = _CLOSED_LOOP_EVENTS // size.one_of
        ratios = []
        with ExitStack() as stack:
            pairs = []
            for readers in (count, 1):
                server, stub = stack.enter_context(_keyed(folder / f"of-{readers}"))
                address = server.grpc if which == "grpc" else server.http
                calls = [_opening(which, number) for number in range(readers)]
                reader = stack.enter_context(reading(folder, address, calls, readers))
                reader.wait(readers)
                pairs.append((server, stub, reader))
            for _ in range(size.rounds):
                ours_s, theirs_s = (_delivering_s(*pair, total) for pair in pairs)
                ratios.append(ours_s / theirs_s)
                _note(
                    f"{count} readers {ours_s / total * 1e6:.0f} us an event,"
                    f" one {theirs_s / total * 1e6:.0f} us"
                )
        return statistics.median(ratios)

    return measure


@contextmanager
def _keyed(folder: Path) -> Iterator[tuple[Server, Stub]]:
    """Lend a server that holds one event, which every reader of a key wants."""
    with serving(folder) as server, server.stub() as stub:
        stub.Publish(_publishing(_FOR_ALL))
        yield server, stub


def _key(number: int) -> str:
    return f"job-{number}"


def _publishing(key: str) -> pb.PublishRequest:
    return pb.PublishRequest(draft=Draft(events=[events.small(mark(), key)]))


def _wanting(number: int) -> bytes:
    """Return the request for the events of one key, beginning with the one for all."""
    request = pb.SubscribeRequest(position=pb.START_POSITION_EARLIEST)
    request.heartbeat_interval.seconds = 3600
    for key in (_key(number), _FOR_ALL):
        request.selection.nomad.topics.add(topic="Job", key=key)
    return request.SerializeToString()


def _opening(which: str, number: int) -> bytes:
    if which == "grpc":
        return openings.grpc(sides.SUBSCRIBE, _wanting(number))
    topics = "&".join(f"topic=Job:{key}" for key in (_key(number), _FOR_ALL))
    return openings.http(f"/v1/event/stream?index=1&{topics}")


def _publishing_s(server: Server, stub: Stub, count: int) -> float:
    """Return the CPU of publishing so many events that no reader selects."""
    drafts = [Draft(events=[events.small(mark(), "unwanted")])] * _GROUP
    requests = [pb.PublishStreamRequest(drafts=drafts)] * -(-count // _GROUP)
    began_s = cpu_s([server.process.pid])
    for _ in stub.PublishStream(iter(requests)):
        pass
    return cpu_s([server.process.pid]) - began_s


def _delivering_s(server: Server, stub: Stub, reader: Readers, total: int) -> float:
    """Return the CPU of so many events, each for the next reader in turn."""
    began_s = cpu_s([server.process.pid])
    for number in range(total):
        stub.Publish(_publishing(_key(number % reader.count)))
        reader.wait(1)
    return cpu_s([server.process.pid]) - began_s


def _note(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)
