"""Checks of settings before a server starts: functions that raise `BadSetting`.

The supervisor of `tidings serve` runs them before it starts a child, so nothing here imports
gRPC, an HTTP server or a store.
"""

from __future__ import annotations

from tidings.app.settings import BadSetting, Settings
from tidings.app.store_place import check_store
from tidings.app.terminal import CommandFailed
from tidings.app.tls.settings import check_tls
from tidings.core.setting_kinds import Address

_WAYS_OUT = "listen on 127.0.0.1, or say --insecure"


def check_service(settings: Settings, *others: Address) -> None:
    """Refuse what a service cannot be started with; it would be served at `others` as well.

    Raises:
        BadSetting: which setting, and why.
        UnfitLibrary: the store's library is missing or does not fit.
    """
    check_exposure(settings, settings.grpc, settings.metrics, *others)
    check_tls(settings, "grpc")
    check_store(settings)
    _check_backups(settings)


def _check_backups(settings: Settings) -> None:
    if settings.backup_every is None:
        return
    if not settings.backup_to:
        raise BadSetting("backup_every needs backup_to: the directory for backups")


def check_exposure(settings: Settings, *addresses: Address | None) -> None:
    """Refuse any address but loopback, unless there is access control or `insecure` is set.

    Raises:
        BadSetting: the first such address.
    """
    if settings.insecure or settings.access_policy:
        return
    for address in addresses:
        if address is not None and not address.is_loopback:
            raise BadSetting(f"{_reached(address)} and there is no access control; {_WAYS_OUT}")


class Exposed(CommandFailed):
    """A gateway alone that others can reach serves a service without access control."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            f"{_reached(settings.http)} and the service at {settings.upstream} has no access"
            f" control; {_WAYS_OUT}"
        )


def _reached(address: Address) -> str:
    return f"{address} can be reached from other machines"
