"""The servers that hold a log, and the requirements that they must meet before it is served."""

from __future__ import annotations

import asyncio
import json
import ssl
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidings.core.errors import StoreUnavailable, StoreUnfit
from tidings.core.limits import MAX_RECORD_BYTES
from tidings.store.jetstream.link import Link

_OLDEST = (2, 12)  # the first with atomic batches
_MONITOR_S = 5.0
_CLUSTER_REPLICAS = 3


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a log lives: addresses of servers (`nats://HOST:PORT`, `tls://…`), and the log's name.

    `replicas` 0 = 3 where the servers are a cluster, else 1. `durability` "full" asks the
    `monitors` (URLs of all servers' monitoring ports) whether they sync before they acknowledge;
    "assume-synced" assumes it, "relaxed" does not require it.
    """

    servers: tuple[str, ...]
    log: str = "tidings"
    replicas: int = 0
    durability: str = "full"
    monitors: tuple[str, ...] = ()
    credentials: Path | None = None
    ca: Path | None = None
    largest_record_bytes: int = MAX_RECORD_BYTES

    def options(self) -> dict[str, Any]:
        """Return the options of a connection to it, besides addresses."""
        options: dict[str, Any] = {}
        if self.credentials is not None:
            options["user_credentials"] = str(self.credentials)
        if self.ca is not None:
            options["tls"] = ssl.create_default_context(cafile=str(self.ca))
        return options


async def check_servers(link: Link, cluster: Cluster) -> int:
    """Check the servers' versions, limits and durability; return the number of replicas to ask for.

    Raises:
        StoreUnfit: one is too old, accepts no message as large as a record, or may acknowledge what
            it has not synced.
        StoreUnavailable: a monitoring port does not answer.
    """
    check_version(link)
    needed = cluster.largest_record_bytes + 64 * 1024  # its headers
    if link.client.max_payload < needed:
        raise StoreUnfit(
            f"the server takes messages of {link.client.max_payload} bytes, and a record may have"
            f" {cluster.largest_record_bytes}: set max_payload: {needed // 1024**2 + 1}MB there"
        )
    is_cluster = bool(link.client._server_info.get("cluster"))  # noqa: SLF001 - no other way to ask
    replicas = cluster.replicas or (_CLUSTER_REPLICAS if is_cluster else 1)
    if cluster.durability == "full":
        await _check_synced(cluster.monitors, replicas)
    return replicas


def check_version(link: Link) -> None:
    """Check that the server has the features that a log needs.

    Raises:
        StoreUnfit: it is too old.
    """
    version = link.client.connected_server_version
    if (version.major, version.minor) < _OLDEST:
        raise StoreUnfit(
            f"nats-server {version.major}.{version.minor}.{version.patch} is too old:"
            f" {_OLDEST[0]}.{_OLDEST[1]} or newer is needed"
        )


async def _check_synced(monitors: Sequence[str], replicas: int) -> None:
    """Refuse servers that acknowledge before they sync, which is their default."""
    advice = (
        "set jetstream { sync_interval: always } on every server and name their monitoring ports"
        " (--nats-monitor http://HOST:8222,…), or say --durability assume-synced or relaxed"
    )
    if not monitors:
        raise StoreUnfit(f"nobody says whether the servers sync before they acknowledge: {advice}")
    answers = [await asyncio.to_thread(_ask_monitor, url) for url in monitors]
    for url, answer in zip(monitors, answers, strict=True):
        if not (answer.get("jetstream") or {}).get("config", {}).get("sync_always"):
            raise StoreUnfit(f"{url}: this server acknowledges before it syncs: {advice}")
    known = {answer.get("server_id") for answer in answers}
    if len(known) < replicas:
        raise StoreUnfit(
            f"{len(known)} of the servers were asked whether they sync, and {replicas} hold"
            " replicas: name the monitoring ports of all of them (--nats-monitor)"
        )


def _ask_monitor(url: str) -> dict[str, Any]:
    if not url.startswith(("http://", "https://")):
        raise StoreUnfit(f"{url}: expected http://HOST:PORT of a monitoring port")
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/varz", timeout=_MONITOR_S) as answer:  # noqa: S310 - checked above
            found: dict[str, Any] = json.load(answer)
    except (OSError, ValueError) as error:
        raise StoreUnavailable(f"asking {url} whether the server syncs: {error}") from error
    return found
