"""Which requests are admitted, at every path: by their Host and by the Origin of their page.

A page of another origin could write to a server without access control through the browser of its
visitor (CSRF). So could a page whose own name resolves to this server (DNS rebinding): its origin
would be ours.
"""

from __future__ import annotations

from collections.abc import Collection

import grpc

from tidings.gateway.http.hosts import FOREIGN, OwnHosts, host_in
from tidings.gateway.http.origins import FOREIGN_ORIGIN, AllowedOrigins, is_own
from tidings.gateway.http.request import Headers, Request
from tidings.gateway.transcode.errors import MalformedRequest, TranscodeError
from tidings.gateway.transcode.render import Reply
from tidings.gateway.upstream.access_mode import AccessMode

_METHODS = b"GET, HEAD, POST, PUT, OPTIONS"
_EXPOSED = (
    b"tidings-log-id, x-consul-index, x-consul-results-filtered-by-acls,"
    b" x-consul-default-acl-policy, x-request-id, retry-after, www-authenticate, tidings-status"
)
_PREFLIGHT_S = b"600"


class ForeignOrigin(TranscodeError):
    """The page behind the request is of another origin, which no setting allows."""

    code = grpc.StatusCode.PERMISSION_DENIED
    http_status = 403

    def __init__(self) -> None:
        super().__init__(FOREIGN_ORIGIN)


class Misdirected(TranscodeError):
    """The request is for a name that is not known to be ours."""

    code = grpc.StatusCode.PERMISSION_DENIED
    http_status = 421

    def __init__(self) -> None:
        super().__init__(FOREIGN)


class ServiceAway(TranscodeError):
    """Whether there is access control is not known, so that nothing can be decided yet."""

    code = grpc.StatusCode.UNAVAILABLE
    http_status = 503

    def __init__(self) -> None:
        super().__init__("the service does not answer")


class Gate:
    """The rules of one gateway. `mode` matters only for names that are not this machine's."""

    def __init__(self, mode: AccessMode, origins: Collection[str], hosts: Collection[str]) -> None:
        self._mode = mode
        self._origins = AllowedOrigins(origins)
        self._hosts = OwnHosts(hosts)

    async def pass_through(self, request: Request) -> Reply | None:
        """Admit a request: None, with the CORS headers of its answer set.

        CORS preflights are answered here.

        Raises:
            MalformedRequest: the Host header is missing or malformed, or it or Origin is double.
            ForeignOrigin, Misdirected: it is not let in.
            ServiceAway: it is not known whether there is access control.
        """
        host = _host_of(request)
        origin = _origin_of(request)
        is_cors = False
        if origin is not None:
            if self._origins.include(origin):
                request.extra_headers += _cors(origin)
                is_cors = True
            elif not is_own(origin, request.header(b"host") or ""):
                raise ForeignOrigin
        if host is not None and not self._hosts.include(host, request.server):
            is_open = await self._mode.is_open()
            if is_open is None:
                raise ServiceAway
            if is_open:
                raise Misdirected
        asks_first = request.header(b"access-control-request-method") is not None
        if request.method == "OPTIONS" and is_cors and asks_first:
            return _preflight(request)
        return None


def _host_of(request: Request) -> str | None:
    values = [value.decode("latin-1") for name, value in request.headers if name == b"host"]
    try:
        return host_in(values, is_old=request.is_old)
    except ValueError as error:
        raise MalformedRequest("host", str(error)) from None


def _origin_of(request: Request) -> str | None:
    values = [value for name, value in request.headers if name == b"origin"]
    if len(values) > 1:  # which of them is the page's is not known
        raise MalformedRequest("origin", "the header must not be given twice")
    return values[0].decode("latin-1") if values else None


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
