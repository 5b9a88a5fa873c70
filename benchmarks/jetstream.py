"""The log on NATS JetStream compared with bare nats-py and SQLite: CPU per event of this process.

Bare nats-py publishes with a window of acknowledgements that are awaited together, and consumes
with an ordered consumer and a callback, which is its cheapest way; Tidings' store commits groups
and reads its feed. Both use one real server in the same run, alternately; the figure is the median
of the rounds' ratios of this process's processor time.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from secrets import token_hex

import nats
from nats.aio.msg import Msg
from nats.js.client import JetStreamContext

from tests.nats.servers import NatsServer, nats_server
from tidings.app.clock import SystemClock
from tidings.core.record import Draft
from tidings.store.base import EventStore
from tidings.store.jetstream.cluster import Cluster
from tidings.store.jetstream.opening import open_jetstream
from tidings.store.sqlite.opening import open_sqlite

TARGET = 1.5
"""CPU per event of the store, as a multiple of bare nats-py's, for publish and for the feed."""

_BODY = b"x" * 1024
_GROUP = 100
_WINDOW = 1000
_ROUNDS, _QUICK_ROUNDS = 7, 3
_EVENTS, _QUICK_EVENTS = 20_000, 3_000


def main(quick: bool) -> int:  # noqa: FBT001 - every benchmark is called so
    """Print a report with a verdict for each target; return 1 when one was missed.

    A quick run judges nothing: a busy machine can spoil its few short rounds.
    """
    rounds, events = (_QUICK_ROUNDS, _QUICK_EVENTS) if quick else (_ROUNDS, _EVENTS)
    with (
        tempfile.TemporaryDirectory(prefix="tidings-bench-") as top,
        # syncing takes the disk's time, not the processor's: neither side syncs
        nats_server(Path(top) / "nats", sync_interval="2m") as server,
    ):
        missed = asyncio.run(_compare(server, Path(top), rounds, events))
    return int(missed and not quick)


async def _compare(server: NatsServer, top: Path, rounds: int, events: int) -> bool:
    found: dict[str, list[float]] = {}
    for number in range(rounds):
        client = await nats.connect(server.url)
        bare = client.jetstream(publish_async_max_pending=2 * _WINDOW)
        name = f"bare-{token_hex(4)}"
        await bare.add_stream(name=name, subjects=[f"{name}.>"])
        cluster = Cluster((server.url,), f"log-{token_hex(4)}", durability="relaxed")
        log = await open_jetstream(cluster, clock=SystemClock())
        file = await open_sqlite(top / f"s{number}", clock=SystemClock(), durability="relaxed")
        for label, work in (
            ("bare publish", lambda bare=bare, name=name: _publish(bare, name, events)),
            ("store append", lambda log=log: _append(log, events)),
            ("store append, keys", lambda log=log: _append(log, events, keyed=True)),
            ("sqlite append", lambda file=file: _append(file, events)),
            ("bare consume", lambda bare=bare, name=name: _consume(bare, name, events)),
            ("store feed", lambda log=log: _follow(log, events)),
            ("sqlite feed", lambda file=file: _follow(file, events)),
        ):
            found.setdefault(label, []).append(await _cpu_us(work, events))
        await log.close()
        await file.close()
        await bare.delete_stream(name)
        await client.close()
    for label, times in found.items():
        print(f"{label:20} {statistics.median(times):7.1f} us of CPU an event")
    missed = False
    for ours, theirs in (("store append", "bare publish"), ("store feed", "bare consume")):
        ratio = _ratio(found[ours], found[theirs])
        verdict = "ok" if ratio <= TARGET else "MISSED"
        missed |= ratio > TARGET
        print(f"{ours} / {theirs}: {ratio:.2f} (target {TARGET}) {verdict}")
    for ours, theirs in (
        ("store append", "sqlite append"),
        ("store append, keys", "bare publish"),
        ("store feed", "sqlite feed"),
    ):
        print(f"{ours} / {theirs}: {_ratio(found[ours], found[theirs]):.2f}")
    return missed


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


async def _cpu_us(work: Callable[[], Awaitable[None]], events: int) -> float:
    begun = time.process_time()
    await work()
    return (time.process_time() - begun) / events * 1e6


async def _publish(bare: JetStreamContext, name: str, events: int) -> None:
    for _ in range(events // _WINDOW):
        for _ in range(_WINDOW):
            await bare.publish_async(f"{name}.x", _BODY)
        await bare.publish_async_completed()


async def _append(store: EventStore, events: int, *, keyed: bool = False) -> None:
    for start in range(0, events, _GROUP):
        numbers = range(start, start + _GROUP)
        keys = [f"{start}.{number}" if keyed else None for number in numbers]
        await store.append([Draft("nomad", "nomad", _BODY, key, b"digest") for key in keys])


async def _consume(bare: JetStreamContext, name: str, events: int) -> None:
    seen = 0
    done = asyncio.Event()

    async def count(_: Msg) -> None:
        nonlocal seen
        seen += 1
        if seen == events:
            done.set()

    subscription = await bare.subscribe(f"{name}.>", cb=count, ordered_consumer=True)
    await done.wait()
    await subscription.unsubscribe()


async def _follow(store: EventStore, events: int) -> None:
    seen = 0
    async for batch in store.committed(1):
        seen += len(batch)
        if seen >= events:
            return
