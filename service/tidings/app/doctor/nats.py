"""The NATS servers that hold a log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from tidings.app.doctor.finding import Finding, problem
from tidings.app.kept import keep_to_one_line
from tidings.app.settings import Settings
from tidings.app.store_place import cluster_of
from tidings.core.errors import StoreUnavailable, StoreUnfit

CHECK = "nats"


def look_at_nats(settings: Settings) -> Iterator[Finding]:
    """Yield whether the servers can be reached, and can give the guarantees of a log."""
    keep_to_one_line()
    try:
        asyncio.run(_ask(settings))
    except StoreUnfit as error:
        yield problem(
            CHECK,
            str(error),
            "nats-server --signal reload  # with jetstream { sync_interval: always } and"
            " max_payload: 4MB in its configuration",
        )
    except StoreUnavailable as error:
        yield problem(CHECK, str(error), f"nats server ping --server {settings.store}")
    else:
        yield Finding(CHECK, f"{settings.store} can hold a log")


async def _ask(settings: Settings) -> None:
    from tidings.store.jetstream.cluster import check_servers  # noqa: PLC0415 - an extra
    from tidings.store.jetstream.link import Link  # noqa: PLC0415 - an extra

    cluster = cluster_of(settings)
    link = Link()
    await link.connect(cluster.servers, cluster.options())
    try:
        await check_servers(link, cluster)
    finally:
        await link.close()
