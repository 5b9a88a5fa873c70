"""Where logs of tests live on NATS: a stream of its own for each."""

from __future__ import annotations

from dataclasses import replace
from secrets import token_hex

from tests.kit.clock import ManualClock
from tests.nats.servers import NatsServer
from tests.store.places import DAY_S
from tidings.app.clock import SystemClock
from tidings.store.jetstream.cluster import Cluster
from tidings.store.jetstream.opening import open_jetstream
from tidings.store.jetstream.store import JetStreamStore


class JetStreamPlace:
    def __init__(self, *servers: NatsServer) -> None:
        self.clock = ManualClock()
        self.cluster = Cluster(
            tuple(server.url for server in servers),
            f"log-{token_hex(6)}",
            monitors=tuple(server.monitor for server in servers),
        )

    async def open(self, **changes: object) -> JetStreamStore:
        cluster = replace(self.cluster, **changes)  # type: ignore[arg-type]  # fields of it
        return await open_jetstream(cluster, clock=SystemClock(), key_retention_s=DAY_S)
