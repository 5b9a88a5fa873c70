"""Why a stream is refused, and why it ends, in Docker Cloud's spelling."""

from __future__ import annotations

import grpc

from tidings.gateway.http.request import JSON_TYPE
from tidings.gateway.http.websocket import BROKEN, GOING_AWAY, REVOKED
from tidings.gateway.json_text import dumps
from tidings.gateway.transcode.render import Reply
from tidings.gateway.upstream.failures import Failure, reason_of
from tidings.v1.errors_pb2 import ERROR_REASON_GOING_DOWN

_Code = grpc.StatusCode
_DENIED = frozenset({_Code.UNAUTHENTICATED, _Code.PERMISSION_DENIED})
_STATUSES = {
    _Code.INVALID_ARGUMENT: (400, "Bad request"),
    _Code.RESOURCE_EXHAUSTED: (429, "Too many requests"),
    _Code.UNAVAILABLE: (503, "Service unavailable"),
    _Code.DEADLINE_EXCEEDED: (503, "Service unavailable"),
}


def refusal(status: int, text: str, *headers: tuple[bytes, bytes]) -> Reply:
    """Return the API's one error object.

    Source: Docker Cloud API, "Errors".
    """
    return Reply(status, (JSON_TYPE, *headers), dumps({"error": text}))


NOT_FOUND = refusal(404, "Not found")
WRONG_METHOD = refusal(405, "Method not allowed", (b"allow", b"GET"))
UNAUTHORIZED = refusal(401, "Unauthorized", (b"www-authenticate", b'Basic realm="Docker Cloud"'))
NO_HANDSHAKE = refusal(
    426,
    "This is a websocket: Upgrade, Sec-WebSocket-Key and Sec-WebSocket-Version 13 are needed",
    (b"upgrade", b"websocket"),
    (b"connection", b"upgrade, close"),
    (b"sec-websocket-version", b"13"),
)
GOING_DOWN = refusal(503, "Service unavailable")


def print_failure(error: Failure) -> Reply:
    """Print why the service refused a stream."""
    if error.code() in _DENIED:
        return UNAUTHORIZED
    status, text = _STATUSES.get(error.code(), (500, "Internal server error"))
    return refusal(status, (error.details() or text) if status == 400 else text)


def end_of(error: Failure | None, *, is_draining: bool) -> tuple[int, str]:
    """Return the close code of a stream that has ended, and what an error message says before it.

    "" = no such message: a server that shuts down is no failure.
    """
    if is_draining or (error is not None and reason_of(error) == ERROR_REASON_GOING_DOWN):
        return GOING_AWAY, ""
    if error is not None and error.code() in _DENIED:
        return REVOKED, "UNAUTHORIZED"
    return BROKEN, "the stream broke"
