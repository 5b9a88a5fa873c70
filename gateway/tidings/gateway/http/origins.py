"""Origins whose pages may send requests: the server's own, and those that settings add."""

from __future__ import annotations

from collections.abc import Collection

_DEFAULT_PORTS = {"http": ":80", "ws": ":80", "https": ":443", "wss": ":443"}

FOREIGN_ORIGIN = "pages of this origin may not ask here (--http-allow-origin)"
"""Why a request of another origin's page is refused."""


class AllowedOrigins:
    """The origins that settings add: "https://console.example"."""

    def __init__(self, origins: Collection[str]) -> None:
        self._origins = frozenset(map(_plain, origins))

    def include(self, origin: str) -> bool:
        """Return whether an Origin header names one of them."""
        return _plain(origin) in self._origins


def is_own(origin: str, host: str) -> bool:
    """Return whether a page has the request's own host, whatever the scheme of a proxy in front.

    Source: the Python SDK of Docker Cloud derives its Origin from the URL that it connects to.
    """
    scheme, _, its_host = origin.lower().partition("://")
    port = _DEFAULT_PORTS.get(scheme)
    if port is None:
        return False
    return its_host.removesuffix(port) == host.lower().removesuffix(port)


def _plain(origin: str) -> str:
    scheme, colon, host = origin.lower().removesuffix("/").partition("://")
    return scheme + colon + host.removesuffix(_DEFAULT_PORTS.get(scheme, "/"))
