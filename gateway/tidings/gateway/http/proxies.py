"""Proxies in front: which are trusted about a request's client, scheme and Host.

Sources: RFC 7239 section 5.2 for what the addresses in a chain mean, and the documentation of nginx
(`X-Forwarded-For`), HAProxy (`option forwardfor`) and Envoy, which append the address of whoever
connected to them. What is before the first trusted proxy was written by the client.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator

from tidings.gateway.http.request import Request

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_FOR = b"x-forwarded-for"
_PROTO = b"x-forwarded-proto"
_HOST = b"x-forwarded-host"

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
# "192.0.2.1:4711", "[2001:db8::1]:4711", "[2001:db8::1]": some proxies add the port.
_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+")


class TrustedProxies:
    """The proxies of one gateway, as addresses and networks: "10.0.0.0/8", "::1"."""

    def __init__(self, networks: Collection[str]) -> None:
        self._networks: tuple[_Network, ...] = tuple(
            ipaddress.ip_network(each, strict=False) for each in networks
        )

    def look_behind(self, request: Request) -> None:
        """Set the request's client, scheme and Host to those that trusted proxies report.

        The client is the last of the chain that is no trusted proxy. For scheme and Host the last
        value is used: the one of the proxy that connected.
        """
        if not self._networks or not self._trusts(request.peer):
            return
        for told in self._chain(request):
            request.peer = told
            if not self._trusts(told):
                break
        scheme = _SCHEMES.get(_last(request, _PROTO).lower())
        if scheme is not None:
            request.scheme = scheme
        host = _last(request, _HOST)
        if host:
            others = tuple(header for header in request.headers if header[0] != b"host")
            request.headers = ((b"host", host.encode("latin-1")), *others)

    def _chain(self, request: Request) -> Iterator[str]:
        """Yield the reported addresses, nearest first, up to the first that is not one."""
        for entry in reversed(_values(request, _FOR)):
            found = _WITH_PORT.fullmatch(entry)
            address = _address(found[1] or found[2] if found else entry)
            if address is None:
                return
            yield str(address)

    def _trusts(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._networks)


def _values(request: Request, name: bytes) -> list[str]:
    """Return the entries of a header that is a list, over all headers of that name."""
    told = b",".join(value for key, value in request.headers if key == name)
    return [entry.strip() for entry in told.decode("latin-1").split(",") if entry.strip()]


def _last(request: Request, name: bytes) -> str:
    return next(reversed(_values(request, name)), "")


def _address(text: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
