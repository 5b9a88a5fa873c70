"""Who could reach what is served: nothing but loopback is served by accident."""

from __future__ import annotations

import structlog

from tidings.app.kinds import Address
from tidings.app.settings import Settings

_WAYS_OUT = "listen on 127.0.0.1, or say --insecure"

_log = structlog.get_logger("tidings.exposure")


class Exposed(OSError):
    """What would be served can be reached by others, and nobody is asked who he is."""


def refuse_exposure(settings: Settings, *addresses: Address | None) -> str | None:
    """Return why these addresses may not be served, or None when they may.

    Anything but loopback needs access control, or the operator's word that it is not needed.
    """
    if settings.insecure or settings.access_policy:
        return None
    for address in addresses:
        if address is not None and not address.is_loopback:
            return f"{_reached(address)} and there is no access control; {_WAYS_OUT}"
    return None


def refuse_open_service(settings: Settings) -> str:
    """Return why a gateway alone may not serve a service without access control."""
    return (
        f"{_reached(settings.http)} and the service at {settings.upstream} has no access control;"
        f" {_WAYS_OUT}"
    )


def warn_of_clear_text(address: Address, *, remedy: str) -> None:
    """Log that credentials can be read on their way, if others can reach what has no TLS."""
    if not address.is_loopback:
        _log.warning("credentials pass in clear", address=str(address), remedy=remedy)


def _reached(address: Address) -> str:
    return f"{address} can be reached from other machines"
