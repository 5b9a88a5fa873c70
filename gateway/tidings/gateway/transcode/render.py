"""Answers: messages and errors as what goes out over HTTP.

JSON is proto3 JSON as `json_format` prints it: JSON names, 64-bit integers as texts, fields that
are at their default left out.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from tidings.gateway.transcode.errors import (
    Busy,
    NoSuchPath,
    TranscodeError,
    Unprintable,
    WrongMethod,
    shorten,
)
from tidings.gateway.transcode.fields import descriptor_of, map_value
from tidings.gateway.transcode.match import MethodNotAllowed, NotFound
from tidings.gateway.transcode.one_line import one_line
from tidings.gateway.transcode.routes import Route
from tidings.gateway.transcode.status import (
    http_status_of,
    render_status,
    status_of,
)

JSON_TYPE = "application/json"
LINES_TYPE = "application/x-ndjson"
# Of an HttpBody that does not say what it is. Source: RFC 9110 8.3.
BYTES_TYPE = "application/octet-stream"

_HEADER_TEXT = re.compile(r"[\x20-\x7e]+")


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. `headers` are lower-case, without content-length."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def render_response(route: Route, message: Message) -> Reply:
    """Print the answer of a unary call: 200 with the message, a field of it, or HttpBody's bytes.

    Raises:
        Unprintable: it has no JSON form.
    """
    if route.gives_raw_body:
        raw = _raw_body(route, message)
        # Anything else in a header would be a way to write headers of one's own.
        kind = raw.content_type if _HEADER_TEXT.fullmatch(raw.content_type) else BYTES_TYPE
        return Reply(200, _typed(kind), raw.data)
    return Reply(200, _typed(JSON_TYPE), _dump(_json_value(route, message)))


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


def render_miss(method: str, miss: NotFound | MethodNotAllowed) -> Reply:
    """Print that no route fits: 404, 405 with Allow, or for OPTIONS 204 with Allow."""
    if isinstance(miss, NotFound):
        return render_error(NoSuchPath())
    if method == "OPTIONS":
        return Reply(204, (_allow(miss.allow),), b"")
    return render_error(WrongMethod(method, miss.allow))


def render_message(message: Message) -> bytes:
    """Print any message as compact proto3 JSON on one line, without a newline.

    Raises:
        Unprintable: it has no JSON form.
    """
    return _dump(_to_value(message))


def _json_value(route: Route, message: Message) -> Any:  # noqa: ANN401 - any JSON value
    value = _to_value(message)
    if not route.response_body:
        return value
    field = route.rpc.output_type.fields_by_name[route.response_body]
    return value[field.json_name] if field.json_name in value else _default_of(field)


def _to_value(message: Message) -> Any:  # noqa: ANN401 - a well-known type need not be an object
    try:
        return json_format.MessageToDict(message, descriptor_pool=descriptor_of(message).file.pool)
    except (json_format.Error, DecodeError, TypeError, ValueError) as exc:
        raise Unprintable(descriptor_of(message).full_name, shorten(str(exc))) from exc


def _default_of(field: FieldDescriptor) -> Any:  # noqa: ANN401 - any JSON value
    """Return the JSON of a field that was left out because it holds nothing."""
    if field.is_repeated:
        return {} if map_value(field) else []
    if field.has_presence:
        return None
    if field.enum_type:
        return field.enum_type.values_by_number[0].name
    if field.cpp_type in (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64):
        return "0"
    return "" if field.type == FieldDescriptor.TYPE_BYTES else field.default_value


def _raw_body(route: Route, message: Message) -> Any:  # noqa: ANN401 - an HttpBody of any pool
    return getattr(message, route.response_body) if route.response_body else message


def _dump(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return one_line(text.encode())


def _typed(content_type: str) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"content-type", content_type.encode("ascii")),)


def _allow(methods: tuple[str, ...]) -> tuple[bytes, bytes]:
    return b"allow", ", ".join(methods).encode("latin-1")
