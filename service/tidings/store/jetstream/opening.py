"""Opens a log on NATS: to serve it, or to give it a new identity."""

from __future__ import annotations

import uuid

from tidings.core.clock import Clock
from tidings.core.limits import KEY_RETENTION_S
from tidings.store.base import RETENTION
from tidings.store.jetstream.cluster import Cluster, check_servers
from tidings.store.jetstream.identity import be_born
from tidings.store.jetstream.link import Link
from tidings.store.jetstream.names import RENEWED_ID, Names
from tidings.store.jetstream.read import MessageReader
from tidings.store.jetstream.store import JetStreamStore
from tidings.store.jetstream.streams import make_streams


async def open_jetstream(
    cluster: Cluster, *, clock: Clock, key_retention_s: float = KEY_RETENTION_S
) -> JetStreamStore:
    """Open a log, made if need be.

    Raises:
        StoreUnfit: the servers or the streams do not meet the requirements.
        StoreCorrupt: the stream is no log, or was truncated.
        StoreUnavailable: the servers cannot be reached or do not answer.
    """
    link = Link()
    await link.connect(cluster.servers, cluster.options())
    try:
        names = Names(cluster.log)
        replicas = await check_servers(link, cluster)
        await make_streams(link, names, replicas)
        log_id = await be_born(link, names, MessageReader(link, names.log))
        store = JetStreamStore(link, names, log_id, clock=clock, key_retention_s=key_retention_s)
        await store.start()
    except BaseException:
        await link.close()
        raise
    return store


async def renew_jetstream(cluster: Cluster, *, clock: Clock) -> str:
    """Give a log a new identity and return it: positions of the old one become invalid.

    For a log that was restored and will assign positions again, or that was purged in part: what is
    missing is marked as trimmed. Services that have it open end with an error.

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
