"""Answers: messages and errors as what goes out over HTTP.

JSON is proto3 JSON as `json_format` prints it: JSON names, 64-bit integers as texts, fields that
are at their default left out.
"""

import json
from dataclasses import dataclass

import grpc
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from tidings.gateway.transcode.errors import (
    Busy,
    TranscodeError,
    Unprintable,
    WrongMethod,
    shorten,
)
from tidings.gateway.transcode.fields import descriptor_of
from tidings.gateway.transcode.one_line import one_line
from tidings.gateway.transcode.status import (
    http_status_of,
    render_status,
    status_of,
)

JSON_TYPE = "application/json"
LINES_TYPE = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. `headers` are lower-case, without content-length."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def render_response(message: Message) -> Reply:
    """Print the answer of a unary call: 200 with the message.

    Raises:
        Unprintable: it has no JSON form.
    """
    return Reply(200, _typed(JSON_TYPE), render_message(message))


def render_error(error: TranscodeError | grpc.aio.AioRpcError) -> Reply:
    """Print an error as google.rpc.Status with its HTTP status. 401 asks for a bearer token."""
    status = http_status_of(error)
    headers = _typed(JSON_TYPE)
    if status == 401:
        headers += ((b"www-authenticate", b"Bearer"),)  # RFC 9110 15.5.2: a 401 must have one
    if isinstance(error, Busy):
        headers += ((b"retry-after", b"1"),)
    if isinstance(error, WrongMethod):
        headers += (_allow(error.allow),)
    return Reply(status, headers, render_status(status_of(error)))


def render_miss(method: str, allow: tuple[str, ...]) -> Reply:
    """Print that a path has other methods: 405 with Allow, or for OPTIONS 204 with Allow."""
    if method == "OPTIONS":
        return Reply(204, (_allow(allow),), b"")
    return render_error(WrongMethod(method, allow))


def render_message(message: Message) -> bytes:
    """Print any message as compact proto3 JSON on one line, without a newline.

    Raises:
        Unprintable: it has no JSON form.
    """
    try:
        value = json_format.MessageToDict(message, descriptor_pool=descriptor_of(message).file.pool)
    except (json_format.Error, DecodeError, TypeError, ValueError) as exc:
        raise Unprintable(descriptor_of(message).full_name, shorten(str(exc))) from exc
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return one_line(text.encode())


def _typed(content_type: str) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"content-type", content_type.encode("ascii")),)


def _allow(methods: tuple[str, ...]) -> tuple[bytes, bytes]:
    return b"allow", ", ".join(methods).encode("latin-1")
