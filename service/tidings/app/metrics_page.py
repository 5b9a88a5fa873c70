"""The metrics of the service, for Prometheus to fetch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from prometheus_client import CollectorRegistry, start_http_server

from tidings.app.kinds import Address

_log = structlog.get_logger("tidings.metrics")


@asynccontextmanager
async def serve_metrics(
    registry: CollectorRegistry, address: Address | None
) -> AsyncIterator[int | None]:
    """Serve the registry on any path of an address; yield the port, or None without an address.

    In a thread of its own, so that it answers also while the service is too busy for anything else.

    Raises:
        OSError: the address cannot be bound.
    """
    if address is None:
        yield None
        return
    try:
        server, thread = start_http_server(address.port, address.host, registry)
    except OSError as error:
        raise OSError(f"cannot listen on {address}: {error.strerror}") from None
    _log.info("serving metrics", http=str(Address(address.host, server.server_port)))
    try:
        yield server.server_port
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        thread.join()
