"""Rows about questions: 1,000,000 mixed events of 30 days, and the index beside them."""

from __future__ import annotations

import atexit
import functools
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import grpc
import psutil
from google.protobuf.duration_pb2 import Duration

from benchmarks.lab import events, mixed
from benchmarks.lab.bare_table import bare_table, rows_at
from benchmarks.lab.measure import mark, publishing
from benchmarks.lab.million import note
from benchmarks.lab.publishing import calls_of
from benchmarks.lab.rounds import Size
from benchmarks.lab.sides import answering
from tests.kit.server import Server, serving
from tidings.index.file import FILE_NAME as INDEX
from tidings.index.file import extent_of
from tidings.store.sqlite.file import FILE_NAME as LOG
from tidings.v1 import asking_pb2, event_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.event_service_pb2_grpc import EventServiceStub

_PAGE = 100
_ASKED = 40
_KEEP = ("--retention-records=unlimited", "--retention-age=unlimited")
_PATIENCE_S = 1800.0
_PUBLISHED, _CALLS = 100, 200
_UNCOMPRESSED = (("grpc.compression_enabled_algorithms_bitset", 1),)


@dataclass(frozen=True, slots=True)
class _Log:
    """A server on the log, whose index covers all of it, and how the index was built."""

    server: Server
    rebuilt_per_s: float
    index_bytes: int
    log_bytes: int
    index_mb: float


def page_ms(**conditions: str) -> Callable[[Path, Size], float]:
    """Return how long the newest 100 that meet conditions take, at the median, in ms."""
    lists = {name: [value] if name != "text" else value for name, value in conditions.items()}
    request = pb.ReadRecordsRequest(
        page_size=_PAGE,
        order=pb.READ_ORDER_NEWEST_FIRST,
        payload_format=pb.PAYLOAD_FORMAT_JSON,
        **lists,  # type: ignore[arg-type]  # each of its field's type
    )

    def measure(folder: Path, size: Size) -> float:
        del folder  # all rows share one log
        return median_ms(size, lambda stub: stub.ReadRecords(request))

    return measure


def count_ms(folder: Path, size: Size) -> float:
    """Return how long counts by hour and system of all 30 days take, at the median, in ms."""
    del folder
    request = asking_pb2.CountRecordsRequest(
        bucket=Duration(seconds=3600), group_by=[asking_pb2.COUNT_KEY_SYSTEM]
    )
    return median_ms(size, lambda stub: stub.CountRecords(request))


def page_beside_bare(folder: Path, size: Size) -> float:
    """Return the ratio of a page by identifier to the same of a bare table and the same index."""
    request = pb.ReadRecordsRequest(
        page_size=_PAGE,
        order=pb.READ_ORDER_NEWEST_FIRST,
        identifiers=["job/web"],
        payload_format=pb.PAYLOAD_FORMAT_STORED,
    )
    with asked(size) as log, grpc.insecure_channel(log.server.grpc) as channel:
        seqs = [record.seq for record in EventServiceStub(channel).ReadRecords(request).records]
    return beside_bare(
        size,
        folder / "bare.db",
        Question(lambda stub: list(stub.ReadRecords(request).records), seqs),
    )


class Question(NamedTuple):
    """How the service is asked, and the positions of the rows that it answers from."""

    ask: Callable[[EventServiceStub], Sequence[object]]
    seqs: Sequence[int]
    before_seq: int = 0
    """Of a state: the position that it is before."""


def beside_bare(size: Size, path: Path, question: Question) -> float:
    """Return the ratio of a question to the same over a bare table, in a process of its own.

    Both have the same index and give equal messages. The ratio to the mere rows in this process,
    that nobody looks for or into, is printed.

    Raises:
        RuntimeError: the answers differ.
    """
    ratios, of_rows, times = [], [], []
    with (
        asked(size) as log,
        closing(bare_table(path, log.server.data)) as table,
        answering(path, log.server.data / INDEX, question.before_seq) as address,
        grpc.insecure_channel(log.server.grpc, _UNCOMPRESSED) as channel,
        grpc.insecure_channel(address, _UNCOMPRESSED) as bare_channel,
    ):
        ours, bare = EventServiceStub(channel), EventServiceStub(bare_channel)
        if question.ask(ours) != question.ask(bare):
            raise RuntimeError("the service and the bare table answer differently")
        for _ in range(max(size.rounds, _ASKED // size.one_of)):
            ours_s = _seconds(lambda: question.ask(ours))
            bare_s = _seconds(lambda: question.ask(bare))
            rows_s = _seconds(lambda: rows_at(table, question.seqs))
            times.append(bare_s)
            ratios.append(ours_s / bare_s)
            of_rows.append(ours_s / rows_s)
    note(
        f"p50 of the bare answer {statistics.median(times) * 1e3:.1f} ms;"
        f" {statistics.median(of_rows):.2f} of the mere rows, that nobody looks for or into"
    )
    return statistics.median(ratios)


def rebuild(folder: Path, size: Size) -> float:
    """Return at how many thousand events a second the index is rebuilt."""
    del folder
    with asked(size) as log:
        return log.rebuilt_per_s / 1000


def share_of_log(folder: Path, size: Size) -> float:
    """Return the ratio of the index's size to the log's."""
    del folder
    with asked(size) as log:
        return log.index_bytes / log.log_bytes


def process_mb(folder: Path, size: Size) -> float:
    """Return the resident memory of the index's process after a rebuild, in MB."""
    del folder
    with asked(size) as log:
        return log.index_mb


def publish_beside_index(folder: Path, size: Size) -> float:
    """Return the ratio of a publisher's rate on a stream with the index to that without."""
    calls = _CALLS // min(size.one_of, _CALLS // 4)
    opening, call = calls_of([event_pb2.Draft(events=[events.small(mark())])] * _PUBLISHED)
    ratios = []
    with (
        serving(folder / "with", "--index=true") as with_it,
        serving(folder / "without") as without,
        publishing(folder, with_it.grpc, opening, call, 1) as beside,
        publishing(folder, without.grpc, opening, call, 1) as alone,
    ):
        for publisher in (beside, alone):
            publisher.run(calls)
        for _ in range(size.rounds):
            alone_us, beside_us = alone.run(calls).span_us, beside.run(calls).span_us
            ratios.append(alone_us / beside_us)
            rates = [calls * _PUBLISHED / us * 1e6 for us in (beside_us, alone_us)]
            note(f"{rates[0]:.0f} events/s with the index, {rates[1]:.0f} without")
            wait_for_index(with_it)
    return statistics.median(ratios)


def median_ms(size: Size, ask: Callable[[EventServiceStub], object]) -> float:
    """Return how long a question about the log takes, at the median, in ms."""
    with asked(size) as log, grpc.insecure_channel(log.server.grpc) as channel:
        stub = EventServiceStub(channel)
        times = [_seconds(lambda: ask(stub)) for _ in range(max(5, _ASKED // size.one_of))]
    note(f"p50 {statistics.median(times) * 1e3:.1f} ms, best {min(times) * 1e3:.1f} ms")
    return statistics.median(times) * 1e3


def _seconds(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


@contextmanager
def asked(size: Size) -> Iterator[_Log]:
    """Lend the log; all rows share it."""
    yield _served(size.asked_records)


@functools.cache
def _served(count: int) -> _Log:
    server = Server(mixed.filled(count), ["--index=true", *_KEEP])
    atexit.register(server.end)
    server.start()
    began = time.monotonic()
    wait_for_index(server)
    took_s = time.monotonic() - began
    index = psutil.Process(server.children()["index"].pid)
    sizes = [
        sum(path.stat().st_size for path in server.data.glob(f"{name}*")) for name in (INDEX, LOG)
    ]
    each = [size / count for size in sizes]
    note(f"made anew in {took_s:.1f} s; {each[0]:.0f} bytes a record of {each[1]:.0f}")
    return _Log(server, count / took_s, sizes[0], sizes[1], index.memory_info().rss / 1e6)


def wait_for_index(server: Server) -> None:
    """Wait by reading its file: calls to the service would slow it down."""
    with grpc.insecure_channel(server.grpc) as channel:
        head_seq = EventServiceStub(channel).GetLogStatus(pb.GetLogStatusRequest()).head_seq
    file = f"file:{server.data / INDEX}?mode=ro"
    deadline_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline_s:
        with suppress(sqlite3.Error), closing(sqlite3.connect(file, uri=True)) as index:
            extent = extent_of(index)
            if extent is not None and extent.through_seq >= head_seq:
                return
        time.sleep(0.1)
    raise RuntimeError("the index does not come to the end of the log")
