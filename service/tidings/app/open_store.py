"""Which store the settings name, and opening it: the embedded one, or a NATS JetStream cluster."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from tidings.app.libraries import NATS, require
from tidings.app.settings import Settings
from tidings.core.clock import Clock
from tidings.store.base import EventStore
from tidings.store.sqlite.rescue import is_marked
from tidings.store.sqlite.store import open_sqlite

if TYPE_CHECKING:
    from tidings.store.jetstream.setup import Cluster

_log = structlog.get_logger("tidings.service")

EMBEDDED: Final = "sqlite"
_SERVER = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_NATS = re.compile(rf"(nats|tls)://({_SERVER}(?:,{_SERVER})*)(?:/([A-Za-z0-9-]{{1,64}}))?")


def refuse_store(settings: Settings) -> str | None:
    """Return why the log cannot live where the settings say, or None.

    Raises:
        UnfitLibrary: it would live on NATS, for which a library is missing or does not fit.
    """
    if settings.store == EMBEDDED:
        if settings.durability == "assume-synced":
            return "--durability assume-synced is for --store nats://…: the embedded store knows"
        return None
    if _NATS.fullmatch(settings.store) is None:
        return (
            f"--store {settings.store}: expected {EMBEDDED}, or nats://HOST:PORT with more servers"
            " after commas and maybe the log's name, nats://HOST:PORT,HOST:PORT/NAME"
        )
    require(NATS, "--store nats://…", extra="nats")
    for file in (settings.nats_credentials, settings.nats_ca):
        if file and not Path(file).is_file():
            return f"{file}: no such file"
    if settings.nats_credentials and not _holds_credentials(Path(settings.nats_credentials)):
        return f"{settings.nats_credentials}: holds no NATS credentials (.creds)"
    return None


def _holds_credentials(file: Path) -> bool:
    """Return whether both parts are there: the client library looks for them without an end."""
    content = file.read_bytes()
    return b"BEGIN NATS USER JWT" in content and b"BEGIN USER NKEY SEED" in content


def keep_to_one_line() -> None:
    """Have nothing on stderr but what a command says: asyncio warns of every server that hangs up.

    For commands, whose stderr is for people; a service has it among its log lines.
    """
    logging.getLogger("asyncio").setLevel(logging.ERROR)


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
    from tidings.store.jetstream.store import open_jetstream  # noqa: PLC0415 - an extra of the package

    return await open_jetstream(
        cluster_of(settings), clock=clock, key_retention_s=settings.retention_keys
    )


def cluster_of(settings: Settings) -> Cluster:
    """Return the cluster that the settings name; they were accepted by `refuse_store`."""
    from tidings.store.jetstream.setup import Cluster  # noqa: PLC0415 - an extra of the package

    found = _NATS.fullmatch(settings.store)
    assert found is not None
    scheme, servers, log = found.groups()
    return Cluster(
        servers=tuple(f"{scheme}://{server}" for server in servers.split(",")),
        log=log or "tidings",
        replicas=settings.nats_replicas,
        durability=settings.durability,
        monitors=tuple(filter(None, settings.nats_monitor.split(","))),
        credentials=Path(settings.nats_credentials) if settings.nats_credentials else None,
        ca=Path(settings.nats_ca) if settings.nats_ca else None,
    )
