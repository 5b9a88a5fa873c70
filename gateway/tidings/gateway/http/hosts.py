"""Names that a request may be for: this machine's own, and those that settings add.

A page whose own name resolves to this machine (DNS rebinding) would be of our origin.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection, Sequence

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z\-._~!$&'()*+,;=%]*)(?::[0-9]*)?")
_ANY = "*"

FOREIGN = (
    "without access control only this machine's own names are served"
    " (--http-allow-host adds others)"
)
"""Why a request for another name is refused."""


class OwnHosts:
    """The names that are ours without being asked about; `hosts` are more of them, `*` is any."""

    def __init__(self, hosts: Collection[str]) -> None:
        named = {*map(_plain_name, hosts), "localhost", _plain_name(socket.gethostname())}
        self._hosts = frozenset(filter(None, named))

    def include(self, host: str, server: str) -> bool:
        """Return whether a host is ours; `server` is the address that its connection came to."""
        name = _plain_name(host)
        if _ANY in self._hosts or name in self._hosts or name.endswith(".localhost"):
            return True
        address = _address(name)
        if address is None:
            return False
        # 0.0.0.0 and :: lead to the machine itself, wherever they are used; no Host names a zone
        return (
            address.is_loopback
            or address.is_unspecified
            or address == _address(server.partition("%")[0])
        )


def host_in(values: Sequence[str], *, is_old: bool) -> str | None:
    """Return the host, without port, of a request's Host headers; None = HTTP/1.0 need not say.

    Raises:
        ValueError: it is missing, malformed or there twice. Source: RFC 9112 section 3.2.
    """
    if not values and is_old:
        return None
    if len(values) != 1:
        raise ValueError("the header must be given once")
    found = _HOST.fullmatch(values[0])
    if found is None:
        raise ValueError("not a host and port")
    return found[1]


def _plain_name(host: str) -> str:
    return host.lower().removesuffix(".").removeprefix("[").removesuffix("]")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
