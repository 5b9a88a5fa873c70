"""Who could reach what is served: nothing but loopback is served by accident."""

from __future__ import annotations

from pathlib import Path

from tidings.app.kinds import Address
from tidings.app.settings import Settings


def refuse_exposure(settings: Settings, *addresses: Address | None) -> str | None:
    """Return why these addresses may not be served, or None when they may.

    Anything but loopback needs access control, or the operator's word that it is not needed.
    """
    if settings.insecure or settings.access_policy:
        return None
    for address in addresses:
        if address is not None and not address.is_loopback:
            return (
                f"{address} can be reached from other machines and there is no access control;"
                " listen on 127.0.0.1, or say --insecure"
            )
    return None


def refuse_tls(settings: Settings) -> str | None:
    """Return why HTTP cannot be served with TLS as set, or None."""
    if bool(settings.http_tls_cert) != bool(settings.http_tls_key):
        return "http_tls_cert and http_tls_key go together: both or none"
    for file in (settings.http_tls_cert, settings.http_tls_key):
        if file and not Path(file).is_file():
            return f"{file}: no such file"
    return None
