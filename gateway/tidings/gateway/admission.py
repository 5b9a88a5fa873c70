"""Who is answered at all, at every path: by the name that he calls us, and by his page's origin.

A page of another origin could write to an open server behind the back of whoever looks at it, and
so could one whose own name has been made to lead here (DNS rebinding): it would be of our origin.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection

import grpc

from tidings.gateway.http.request import Headers, Request
from tidings.gateway.transcode.errors import BadRequest, TranscodeError
from tidings.gateway.transcode.render import Reply
from tidings.gateway.upstream.access_mode import AccessMode

_DEFAULT_PORTS = {"http": ":80", "ws": ":80", "https": ":443", "wss": ":443"}
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z\-._~!$&'()*+,;=%]*)(?::[0-9]*)?")
_ANY = "*"

_METHODS = b"GET, HEAD, POST, PUT, OPTIONS"
_EXPOSED = (
    b"tidings-log-id, x-consul-index, x-consul-results-filtered-by-acls,"
    b" x-consul-default-acl-policy, retry-after, www-authenticate"
)
_PREFLIGHT_S = b"600"


class ForeignOrigin(TranscodeError):
    """The page behind the request is of another origin, which no setting allows."""

    code = grpc.StatusCode.PERMISSION_DENIED
    http_status = 403

    def __init__(self) -> None:
        super().__init__("pages of this origin may not ask here (--http-allow-origin)")


class Misdirected(TranscodeError):
    """The request is for a name that is not known to be ours."""

    code = grpc.StatusCode.PERMISSION_DENIED
    http_status = 421

    def __init__(self) -> None:
        super().__init__(
            "without access control only this machine's own names are served"
            " (--http-allow-host adds others)"
        )


class ServiceAway(TranscodeError):
    """Whether there is access control is not known, so that nothing can be decided yet."""

    code = grpc.StatusCode.UNAVAILABLE
    http_status = 503

    def __init__(self) -> None:
        super().__init__("the service does not answer")


class Gate:
    """The rules of one gateway. `mode` is asked only about names that are not this machine's."""

    def __init__(self, mode: AccessMode, origins: Collection[str], hosts: Collection[str]) -> None:
        self._mode = mode
        self._origins = frozenset(map(_plain_origin, origins))
        named = {*map(_plain_name, hosts), "localhost", own_name()}
        self._hosts = frozenset(filter(None, named))

    async def pass_through(self, request: Request) -> Reply | None:
        """Let a request in: None, after which its answer allows its page to read it.

        A browser that only asks for its page whether it may is answered here.

        Raises:
            BadRequest: the Host header is missing or malformed, or it or Origin is there twice.
            ForeignOrigin, Misdirected: it is not let in.
            ServiceAway: nobody knows.
        """
        host = host_of(request)
        origin = _origin_of(request)
        if origin is not None:
            if _plain_origin(origin) in self._origins:
                request.extra_headers = _cors(origin)
            elif not _is_own(origin, request.header(b"host") or ""):
                raise ForeignOrigin
        if host is not None and not self._is_ours(host, request.server):
            is_open = await self._mode.is_open()
            if is_open is None:
                raise ServiceAway
            if is_open:
                raise Misdirected
        asks_first = request.header(b"access-control-request-method") is not None
        if request.method == "OPTIONS" and request.extra_headers and asks_first:
            return _preflight(request)
        return None

    def _is_ours(self, host: str, server: str) -> bool:
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


def host_of(request: Request) -> str | None:
    """Return the host, without port, that a request is for; None = HTTP/1.0 need not say.

    Raises:
        BadRequest: the header is missing, malformed or there twice. Source: RFC 9112 section 3.2.
    """
    values = [value for name, value in request.headers if name == b"host"]
    if not values and request.is_old:
        return None
    if len(values) != 1:
        raise BadRequest("host", "the header must be given once")
    found = _HOST.fullmatch(values[0].decode("latin-1"))
    if found is None:
        raise BadRequest("host", "not a host and port")
    return found[1]


def _origin_of(request: Request) -> str | None:
    values = [value for name, value in request.headers if name == b"origin"]
    if len(values) > 1:  # which of them is the page's, nobody knows
        raise BadRequest("origin", "the header must not be given twice")
    return values[0].decode("latin-1") if values else None


def own_name() -> str:
    """Return this machine's name in lower case."""
    return _plain_name(socket.gethostname())


def _plain_name(host: str) -> str:
    return host.lower().removesuffix(".").removeprefix("[").removesuffix("]")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _plain_origin(origin: str) -> str:
    scheme, colon, host = origin.lower().removesuffix("/").partition("://")
    return scheme + colon + host.removesuffix(_DEFAULT_PORTS.get(scheme, "/"))


def _is_own(origin: str, host: str) -> bool:
    """Say whether a page is of the host that it asks, however a proxy in front is reached.

    Source: the Python SDK of Docker Cloud derives its Origin from the URL that it connects to.
    """
    scheme, _, its_host = origin.lower().partition("://")
    port = _DEFAULT_PORTS.get(scheme)
    if port is None:
        return False
    return its_host.removesuffix(port) == host.lower().removesuffix(port)


def _cors(origin: str) -> Headers:
    """Source: the Fetch standard, "CORS protocol"."""
    return (
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", _EXPOSED),
        (b"vary", b"Origin"),
    )


def _preflight(request: Request) -> Reply:
    headers: Headers = (
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-max-age", _PREFLIGHT_S),
    )
    asked = request.header(b"access-control-request-headers")
    if asked is not None:
        headers += ((b"access-control-allow-headers", asked.encode("latin-1")),)
    if request.header(b"access-control-request-private-network") is not None:
        headers += ((b"access-control-allow-private-network", b"true"),)
    return Reply(204, headers, b"")
