"""The rows of the table: what is measured, and what must come out.

A row of several ratios stands here as often, and all of them must come out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lab import bystanders, checksums, heavy, many, million, peers, publishing, sides
from benchmarks.lab.rounds import Size, backlog, flood, steady


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: a ratio, ours to theirs, that must be on one side of `must`."""

    number: int
    title: str
    must: float
    aim: float
    measure: Callable[[Path, Size], float]
    more_is_better: bool = False

    def is_met(self, ratio: float, target: float) -> bool:
        """Return whether a ratio is good enough for a target."""
        return ratio >= target if self.more_is_better else ratio <= target


ROWS = (
    Row(
        number=1,
        title="CPU, Nomad ndjson, steady, 200 readers, 4.6 KB / bare writer",
        must=1.6,
        aim=1.25,
        measure=steady("ndjson", sides.writer, readers=200),
    ),
    Row(
        number=2,
        title="the same / Go net/http that encodes for each subscriber",
        must=0.7,
        aim=0.4,
        measure=steady("ndjson", sides.go, readers=200),
    ),
    Row(
        number=3,
        title="CPU, Nomad ndjson, backlog, 100 readers / bare writer, joining",
        must=2,
        aim=1.3,
        measure=backlog("ndjson", sides.joining_writer, readers=100),
    ),
    Row(
        number=4,
        title="CPU, gRPC Subscribe, steady, 200 readers / grpc.aio bytes",
        must=1.3,
        aim=1.1,
        measure=steady("grpc", sides.pass_through, readers=200),
    ),
    Row(
        number=4,
        title="the same / etcd watch",
        must=2,
        aim=1.4,
        measure=steady("grpc", peers.etcd, readers=200),
    ),
    Row(
        number=5,
        title="CPU, gRPC Subscribe, flood, 100 readers / etcd watch",
        must=1,
        aim=0.4,
        measure=flood("grpc", peers.etcd, readers=100),
    ),
    Row(
        number=5,
        title="the same / nats-server core",
        must=3,
        aim=1.2,
        measure=flood("grpc", peers.nats, readers=100),
    ),
    Row(
        number=6,
        title="CPU, websocket, steady, 200 readers / pre-framed writer",
        must=2,
        aim=1.4,
        measure=steady("websocket", sides.frame_writer, readers=200),
    ),
    Row(
        number=7,
        title="rate, durable publish, 64 publishers, 10 a call / bare commits",
        must=0.4,
        aim=0.7,
        measure=publishing.publish_rate(streamed=False),
        more_is_better=True,
    ),
    Row(
        number=7,
        title="the same, a call being a message of PublishStream",
        must=0.4,
        aim=0.7,
        measure=publishing.publish_rate(streamed=True),
        more_is_better=True,
    ),
    Row(
        number=8,
        title="p50, lone durable publish / bare commit + bare unary call",
        must=1.5,
        aim=1.2,
        measure=publishing.lone_publish,
    ),
    Row(
        number=9,
        title="CPU, publishing, 10,000 streams that want none of it / no stream",
        must=1.3,
        aim=1.05,
        measure=many.unwanting,
    ),
    Row(
        number=10,
        title="CPU, gRPC, 1,000 readers with a selector each / one reader",
        must=2,
        aim=1.3,
        measure=many.selective("grpc"),
    ),
    Row(
        number=10,
        title="the same, Nomad ndjson",
        must=2,
        aim=1.3,
        measure=many.selective("ndjson"),
    ),
    Row(
        number=11,
        title="rate, catch-up over gRPC from SQLite, 300 B / bare table scan",
        must=0.15,
        aim=0.4,
        measure=million.catch_up,
        more_is_better=True,
    ),
    Row(
        number=12,
        title="KB of an idle reader, Nomad ndjson",
        must=30,
        aim=16,
        measure=many.idle_kb("ndjson"),
    ),
    Row(
        number=12,
        title="KB of an idle reader, gRPC",
        must=90,
        aim=60,
        measure=many.idle_kb("grpc"),
    ),
    Row(
        number=12,
        title="KB of an idle reader, websocket",
        must=40,
        aim=24,
        measure=many.idle_kb("websocket"),
    ),
    Row(
        number=13,
        title="MB beyond the tail, a gRPC reader that never reads, 200 MB",
        must=32,
        aim=8,
        measure=bystanders.never_reading("grpc"),
    ),
    Row(
        number=13,
        title="the same, Nomad ndjson",
        must=32,
        aim=8,
        measure=bystanders.never_reading("ndjson"),
    ),
    Row(
        number=14,
        title="time from start to ready, 1,000,000 events / empty log",
        must=2,
        aim=1.2,
        measure=million.start,
    ),
    Row(
        number=15,
        title="rate, publishing groups of 100 beside two who catch up / alone",
        must=0.5,
        aim=0.8,
        measure=million.publish_beside_readers,
        more_is_better=True,
    ),
    Row(
        number=16,
        title="p99, publish beside 20 Puppet clients that re-read a job / idle",
        must=3,
        aim=1.5,
        measure=bystanders.publish_beside_polls,
    ),
    Row(
        number=17,
        title="rate, storing 300 B in groups of 100, with checksums / without",
        must=0.85,
        aim=0.95,
        measure=checksums.storing,
        more_is_better=True,
    ),
    Row(
        number=17,
        title="the same, reading them from the file",
        must=0.5,
        aim=0.7,
        measure=checksums.reading,
        more_is_better=True,
    ),
    Row(
        number=18,
        title="ms, p99 of others beside one legal request, the worst of a table",
        must=50,
        aim=20,
        measure=heavy.longest_wait,
    ),
    Row(
        number=18,
        title="bytes in memory for a byte of such a request",
        must=8,
        aim=4,
        measure=heavy.heaviest,
    ),
    Row(
        number=19,
        title="rate, publishing beside 500 selections that never read / alone",
        must=0.5,
        aim=0.8,
        measure=bystanders.publish_beside_selections(reading_too=False),
        more_is_better=True,
    ),
    Row(
        number=19,
        title="the same, beside 500 selections that read every event",
        must=0.02,
        aim=0.05,
        measure=bystanders.publish_beside_selections(reading_too=True),
        more_is_better=True,
    ),
)

UNMEASURED = sorted(set(range(1, 20)) - {row.number for row in ROWS})
"""Rows of the table that nothing measures whole: a full run fails for as long as there are any."""
