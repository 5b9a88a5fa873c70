"""A new identity for a log that was restored."""

from __future__ import annotations

import uuid

from tidings.core.clock import Clock
from tidings.store.base import RETENTION
from tidings.store.jetstream.names import RENEWED_ID
from tidings.store.jetstream.setup import Cluster
from tidings.store.jetstream.store import open_jetstream


async def renew_jetstream(cluster: Cluster, *, clock: Clock) -> str:
    """Give a log a new identity and return it: positions of the old one count no more.

    For a log that was restored and will give positions anew, or of which somebody purged a part:
    what is missing is marked as gone. Services that have it open end with an error.

    Raises:
        StoreUnfit, StoreCorrupt, StoreUnavailable: as `open_jetstream`.
    """
    store = await open_jetstream(cluster, clock=clock)
    try:
        await store.mark_lost()
        for rule in await store.state.list(RETENTION):
            await store.state.delete(rule.name)
        log_id = str(uuid.uuid4())
        await store.state.put(RENEWED_ID, log_id.encode())
    finally:
        await store.close()
    return log_id
