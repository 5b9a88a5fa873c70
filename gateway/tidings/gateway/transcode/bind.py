"""A request's message from its path, query and body.

The body is read first, then the path goes over it, then the query sets what neither has bound: the
path always wins. Source: the order of grpc-gateway v2; Envoy lets the body win.
"""

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message

from tidings.gateway.transcode.errors import BadText, MalformedRequest
from tidings.gateway.transcode.fields import descriptor_of
from tidings.gateway.transcode.json_body import merge_json, parse_json
from tidings.gateway.transcode.percent import decode_path
from tidings.gateway.transcode.query import bind_query
from tidings.gateway.transcode.routes import Route
from tidings.gateway.transcode.text import set_text


def bind_request(
    route: Route,
    captured: Sequence[str],
    query: bytes,
    body: bytes = b"",
    content_type: str | None = None,
) -> Message:
    """Return the message of a request.

    `captured` are the raw texts of the path's variables, as the route's template gives them.
    `query` is raw and without its "?"; `content_type` is kept with a raw body, None where it is
    missing: JSON is read whatever it is called, since `curl -d` announces a form. A body that the
    route does not ask for is ignored.

    Raises:
        MalformedRequest: something cannot be parsed or contradicts itself.
    """
    message = route.request_class()
    _bind_body(route, message, body, content_type)
    _bind_path(route, captured, message)
    bound = {variable.field_path for variable in route.template.variables}
    if route.body:
        bound.add((route.body,))
    bind_query(message, query, bound=frozenset(bound))
    return message


def _bind_body(route: Route, message: Message, body: bytes, content_type: str | None) -> None:
    if not route.body:
        return
    if route.takes_raw_body:
        _bind_raw(route, message, body, content_type)
    elif body:  # none at all is an empty message, for which json_format has no word
        _bind_json(route, message, body)


def _bind_raw(route: Route, message: Message, body: bytes, content_type: str | None) -> None:
    raw: Any = getattr(message, route.body)
    raw.data = body
    raw.content_type = content_type or ""
    raw.SetInParent()


def _bind_json(route: Route, message: Message, body: bytes) -> None:
    value = parse_json(body)
    field = route.rpc.input_type.fields_by_name[route.body]
    nullable = field.message_type and field.message_type.full_name == "google.protobuf.Value"
    if value is None and not nullable:
        raise MalformedRequest(route.body, "null is not a body")
    merge_json(message, {field.name: value})


def _bind_path(route: Route, captured: Sequence[str], message: Message) -> None:
    for variable, raw in zip(route.template.variables, captured, strict=True):
        holder = message
        for step in variable.field_path[:-1]:
            holder = getattr(holder, step)
        leaf = descriptor_of(holder).fields_by_name[variable.field_path[-1]]
        try:
            set_text(holder, leaf, decode_path(raw))
        except BadText as exc:
            raise MalformedRequest(".".join(variable.field_path), str(exc)) from exc
