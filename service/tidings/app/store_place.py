"""Where the log lives, as the settings say: in the embedded store or on NATS JetStream."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tidings.app.libraries import NATS, require
from tidings.app.settings import BadSetting, Settings

if TYPE_CHECKING:
    from tidings.store.jetstream.cluster import Cluster

EMBEDDED: Final = "sqlite"
_SERVER = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_NATS = re.compile(rf"(nats|tls)://({_SERVER}(?:,{_SERVER})*)(?:/([A-Za-z0-9-]{{1,64}}))?")
_INSTEAD = {
    "backup": "`tidings backup --upstream ADDRESS` copies it, or `nats stream backup`",
    "restore": "`nats stream restore` makes it, and then `tidings renew` its identity",
}


def check_store(settings: Settings) -> None:
    """Refuse settings by which no log could be opened.

    Raises:
        BadSetting: what is wrong with them.
        UnfitLibrary: the log would live on NATS, for which a library is missing or does not fit.
    """
    if settings.store == EMBEDDED:
        if settings.durability == "assume-synced":
            raise BadSetting(
                "--durability assume-synced is for --store nats://…: the embedded store knows"
            )
        return
    if _NATS.fullmatch(settings.store) is None:
        raise BadSetting(
            f"--store {settings.store}: expected {EMBEDDED}, or nats://HOST:PORT with more servers"
            " after commas and maybe the log's name, nats://HOST:PORT,HOST:PORT/NAME"
        )
    require(NATS, "--store nats://…", extra="nats")
    for file in (settings.nats_credentials, settings.nats_ca):
        if file and not Path(file).is_file():
            raise BadSetting(f"{file}: no such file")
    if settings.nats_credentials and not _holds_credentials(Path(settings.nats_credentials)):
        raise BadSetting(f"{settings.nats_credentials}: holds no NATS credentials (.creds)")


def check_embedded(settings: Settings, command: str) -> None:
    """Refuse a store that has no file, for a command that reads or writes one.

    Raises:
        BadSetting: it has none; what does the same there.
    """
    if settings.store != EMBEDDED:
        raise BadSetting(
            f"works on the file of an embedded log, --store {EMBEDDED};"
            f" of one on NATS {_INSTEAD[command]}"
        )


def _holds_credentials(file: Path) -> bool:
    """Return whether both parts are there: the client library looks for them without an end."""
    content = file.read_bytes()
    return b"BEGIN NATS USER JWT" in content and b"BEGIN USER NKEY SEED" in content


def cluster_of(settings: Settings) -> Cluster:
    """Return the cluster that the settings name; they were accepted by `check_store`."""
    from tidings.store.jetstream.cluster import Cluster  # noqa: PLC0415 - an extra of the package

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
