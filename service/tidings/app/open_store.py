"""Opens the store that the settings name."""

from __future__ import annotations

import structlog

from tidings.app.settings import Settings
from tidings.app.store_place import EMBEDDED, cluster_of
from tidings.core.clock import Clock
from tidings.store.base import EventStore
from tidings.store.sqlite.opening import open_sqlite
from tidings.store.sqlite.rescue import is_marked

_log = structlog.get_logger("tidings.service")


async def open_store(settings: Settings, clock: Clock) -> EventStore:
    """Open the log where it lives.

    Raises:
        StoreLocked: another process has the data directory.
        StoreUnfit: the NATS servers cannot give what a log promises.
        StoreCorrupt: what is there is no log that this program can serve.
        StoreUnavailable: it cannot be reached, read or written.
    """
    if settings.store == EMBEDDED:
        if is_marked(settings.data):
            _log.warning("writing failed in an earlier run: the log is copied into new files first")
        return await open_sqlite(
            settings.data,
            clock=clock,
            durability=settings.durability,
            key_retention_s=settings.retention_keys,
        )
    from tidings.store.jetstream.opening import open_jetstream  # noqa: PLC0415 - an extra of the package

    return await open_jetstream(
        cluster_of(settings), clock=clock, key_retention_s=settings.retention_keys
    )
