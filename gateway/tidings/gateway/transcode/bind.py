"""A request's message from its path, query and body.

The body is read first, then the path goes over it, then the query sets what neither has bound: the
path always wins. Source: the order of grpc-gateway v2; Envoy lets the body win.
"""

from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from tidings.gateway.transcode.errors import BadRequest, BadText, UnsupportedMediaType
from tidings.gateway.transcode.fields import descriptor_of
from tidings.gateway.transcode.json_body import merge_json, parse_json
from tidings.gateway.transcode.match import Match
from tidings.gateway.transcode.percent import decode_segment, decode_segments
from tidings.gateway.transcode.query import bind_query
from tidings.gateway.transcode.routes import WHOLE_MESSAGE, Route
from tidings.gateway.transcode.text import set_text


@dataclass(frozen=True, slots=True)
class BindRules:
    """How strict an API is with what it does not know.

    The defaults refuse, so that nothing that was sent is lost in silence.
    """

    ignore_unknown_parameters: bool = False
    ignore_unknown_fields: bool = False
    any_content_type: bool = False  # `curl -d` announces a form whatever it sends


STRICT = BindRules()


def bind_request(
    route: Route,
    match: Match[object],
    query: bytes,
    body: bytes,
    content_type: str | None,
    rules: BindRules = STRICT,
) -> Message:
    """Return the message of a request.

    `query` is raw and without its "?"; `content_type` is the header's value, None where it is
    missing. A body that the route does not ask for is ignored.

    Raises:
        BadRequest: something cannot be parsed or contradicts itself.
        UnsupportedMediaType: the body should be JSON and says that it is not.
    """
    message = route.request_class()
    _bind_body(route, message, body, content_type, rules)
    _bind_path_and_query(route, match, message, query, rules)
    return message


def _check_content_type(content_type: str | None, rules: BindRules) -> None:
    """Refuse a body that announces itself as something else than JSON. None passes.

    Raises:
        UnsupportedMediaType: it is neither JSON nor JSON lines.
    """
    if content_type is None or rules.any_content_type:
        return
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in ("", "application/json", "application/x-ndjson") and not kind.endswith("+json"):
        raise UnsupportedMediaType(content_type)


def _bind_body(
    route: Route, message: Message, body: bytes, content_type: str | None, rules: BindRules
) -> None:
    if not route.body:
        return
    if route.takes_raw_body:
        _bind_raw(route, message, body, content_type)
    elif body:  # none at all is an empty message, for which json_format has no word
        _check_content_type(content_type, rules)
        _bind_json(route, message, body, rules)


def _bind_raw(route: Route, message: Message, body: bytes, content_type: str | None) -> None:
    raw: Any = message if route.body == WHOLE_MESSAGE else getattr(message, route.body)
    raw.data = body
    raw.content_type = content_type or ""
    raw.SetInParent()


def _bind_json(route: Route, message: Message, body: bytes, rules: BindRules) -> None:
    value = parse_json(body)
    if route.body != WHOLE_MESSAGE:
        field = route.rpc.input_type.fields_by_name[route.body]
        nullable = field.message_type and field.message_type.full_name == "google.protobuf.Value"
        if value is None and not nullable:
            raise BadRequest(route.body, "null is not a body")
        value = {field.name: value}
    elif value is None:
        raise BadRequest("", "null is not a body")
    merge_json(message, value, ignore_unknown=rules.ignore_unknown_fields)


def _bind_path_and_query(
    route: Route, match: Match[object], message: Message, query: bytes, rules: BindRules
) -> None:
    _bind_path(match, message)
    bound = {variable.field_path for variable in match.template.variables}
    if route.body:
        bound.add(() if route.body == WHOLE_MESSAGE else (route.body,))
    bind_query(
        message,
        query,
        bound=frozenset(bound),
        ignore_unknown=rules.ignore_unknown_parameters,
    )


def _bind_path(match: Match[object], message: Message) -> None:
    for variable, raw in zip(match.template.variables, match.captured, strict=True):
        holder = message
        for step in variable.field_path[:-1]:
            holder = getattr(holder, step)
        leaf = descriptor_of(holder).fields_by_name[variable.field_path[-1]]
        try:
            text = decode_segments(raw) if variable.several else decode_segment(raw)
            set_text(holder, leaf, text)
        except BadText as exc:
            raise BadRequest(".".join(variable.field_path), str(exc)) from exc
