"""Consul's answers: plain texts, JSON as Go writes it, and the service's errors."""

from __future__ import annotations

import asyncio
import zlib
from typing import Any

import grpc

from tidings.gateway.http.accept import takes
from tidings.gateway.http.request import JSON_TYPE, TEXT_TYPE, Request, text_reply
from tidings.gateway.transcode.one_line import one_line
from tidings.gateway.transcode.render import Reply
from tidings.gateway.upstream.failures import Failure, problem_of, reason_of
from tidings.v1 import consul_json, consul_pb2, json_runtime
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.errors_pb2 import ERROR_REASON_BUSY, ERROR_REASON_USER_EVENT_TOO_LARGE

_VARY = (b"vary", b"Accept-Encoding")
NOT_AN_ENDPOINT = "Invalid URL path: not a recognized HTTP API endpoint\n"

_Code = grpc.StatusCode
# Source: gziphandler 1.1.1, DefaultMinSize as Consul uses it.
_MIN_GZIP_BYTES = 1400
_GZIP_LEVEL = 1  # a full list may hold 8 MiB of base64
_ON_A_THREAD_BYTES = 64 * 1024


def event_object(event: consul_pb2.ConsulEvent) -> dict[str, Any]:
    """Return an event as a JSON object of Consul's."""
    return consul_json.consul_event_to_json(event)


def json_reply(value: Any, *headers: tuple[bytes, bytes], pretty: bool) -> Reply:  # noqa: ANN401
    """Return 200 with JSON as Go's encoder writes it; pretty with 4 spaces and a final newline."""
    text = json_runtime.dumps_indented(value) + b"\n" if pretty else json_runtime.dumps(value)
    body = one_line(json_runtime.go_escape_html(text))
    return Reply(200, (JSON_TYPE, _VARY, *headers), body)


def list_reply(response: pb.ListResponse, *, is_anonymous: bool, pretty: bool) -> Reply:
    """Return the list with its index; anonymous callers are not told that some are left out."""
    headers = [(b"x-consul-index", b"%d" % response.index)]
    if response.filtered_by_acl and not is_anonymous:
        headers.append((b"x-consul-results-filtered-by-acls", b"true"))
    events = [event_object(event) for event in response.events]
    return json_reply(events, *headers, pretty=pretty)


def error_reply(status: int, text: str) -> Reply:
    """Return an error: bare text, no final newline."""
    return text_reply(status, text, _VARY)


def wrong_method(method: str, allowed: str) -> Reply:
    """Return the answer to a method that is not allowed; OPTIONS gets the allowed one."""
    allow = (b"allow", f"OPTIONS,{allowed}".encode("ascii"))
    if method == "OPTIONS":
        return Reply(200, (_VARY, allow), b"")
    return text_reply(405, f"method {method} not allowed", _VARY, allow)


def redirect_reply(method: str, location: str) -> Reply:
    """Return Go's 301, which has a body for GET only.

    Source: Go 1.22 net/http, `Redirect`.
    """
    headers: tuple[tuple[bytes, bytes], ...] = ((b"location", location.encode("latin-1")),)
    if method not in ("GET", "HEAD"):
        return Reply(301, headers, b"")
    shown = location.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = shown.replace('"', "&#34;").replace("'", "&#39;")
    body = f'<a href="{shown}">Moved Permanently</a>.\n\n' if method == "GET" else ""
    typed = (b"content-type", b"text/html; charset=utf-8")
    return Reply(301, (typed, *headers), body.encode("latin-1"))


def failure_reply(error: Failure, *, is_fire: bool) -> Reply:
    """Print why the service refused, in Consul's spelling.

    Source: Consul 1.21 agent/http.go and agent/user_event.go; spec of the door, sections 3 and 9.
    """
    code, text = error.code(), error.details() or ""
    if code is _Code.PERMISSION_DENIED or problem_of(error) == "missing":
        return error_reply(403, "Permission denied")
    if code is _Code.UNAUTHENTICATED:
        # The event handler has committed 500 before Consul's wrapper would say 403.
        return error_reply(500 if is_fire else 403, "ACL not found")
    if code in (_Code.UNAVAILABLE, _Code.DEADLINE_EXCEEDED):
        return error_reply(500, "No known Consul servers")
    if code is _Code.RESOURCE_EXHAUSTED:
        reason = reason_of(error)
        if reason == ERROR_REASON_USER_EVENT_TOO_LARGE:
            return error_reply(500, f"error broadcasting event: {text}")
        return error_reply(429 if reason == ERROR_REASON_BUSY else 413, text)
    if code is _Code.INVALID_ARGUMENT:
        return error_reply(500 if is_fire else 400, text)
    return error_reply(500, text)


async def send(request: Request, reply: Reply) -> None:
    """Send an answer, compressed where the client takes gzip and it is long enough."""
    is_packed = any(name == b"content-encoding" for name, _ in reply.headers)
    await request.reply(await packed(reply) if not is_packed and takes_gzip(request) else reply)


async def packed(reply: Reply) -> Reply:
    """Return an answer compressed, or as it is where that is not worth it."""
    if len(reply.body) < _MIN_GZIP_BYTES:
        return reply
    if len(reply.body) < _ON_A_THREAD_BYTES:
        body = _gzip(reply.body)
    else:
        body = await asyncio.to_thread(_gzip, reply.body)
    return Reply(reply.status, (*reply.headers, (b"content-encoding", b"gzip")), body)


def takes_gzip(request: Request) -> bool:
    """Say whether a client asks for compressed answers."""
    return takes(request.list_header(b"accept-encoding"), "gzip")


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(_GZIP_LEVEL, wbits=31)
    return packer.compress(body) + packer.flush()


def not_printable() -> Reply:
    """Return the answer to a path with a character that Go does not call printable."""
    return Reply(400, (), b"")


def unparsable_query() -> Reply:
    """Return the answer to a query that Go cannot parse: 500 without a body."""
    return Reply(500, (_VARY,), b"")


def not_found() -> Reply:
    """Return the answer to a path below /v1/ that is none of Consul's."""
    return Reply(404, (TEXT_TYPE, _VARY), NOT_AN_ENDPOINT.encode())
