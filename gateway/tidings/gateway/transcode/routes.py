"""From descriptors to routes: the google.api.http rules of services, checked at start.

A rule that cannot be served stops the program with the RPC's name; nothing is left to be found out
by the first request.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Before any descriptor's options are read: protobuf caches what it read, and without the extension
# registered the rules would stay invisible for good.
from google.api import annotations_pb2, http_pb2
from google.protobuf import message_factory
from google.protobuf.descriptor import (
    Descriptor,
    FieldDescriptor,
    MethodDescriptor,
    ServiceDescriptor,
)
from google.protobuf.message import Message

from tidings.gateway.transcode.errors import BadRoute, BadTemplate, DuplicateRoute
from tidings.gateway.transcode.match import ANY_METHOD, RouteTable
from tidings.gateway.transcode.template import Template, parse_template

HTTP_BODY = "google.api.HttpBody"
# Stands for the whole request message in a rule's `body`.
WHOLE_MESSAGE = "*"
# The member of the last line of a stream that broke. No message of a stream may have it.
ERROR_MEMBER = "error"

# RFC 9110 5.6.2, a token.
_METHOD_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True, slots=True)
class Route:
    """One HTTP method and path of one RPC.

    `body` and `response_body` are "", or the proto name of a top-level field; `body` may be "*".
    `binding` is 0 for the rule itself and counts `additional_bindings` from 1.
    """

    rpc: MethodDescriptor
    http_method: str
    template: Template
    body: str
    response_body: str
    binding: int
    request_class: type[Message]
    response_class: type[Message]

    @property
    def rpc_path(self) -> str:
        """The path of the gRPC call, "/package.Service/Method"."""
        return f"/{self.rpc.containing_service.full_name}/{self.rpc.name}"

    @property
    def takes_raw_body(self) -> bool:
        """Whether the HTTP body is taken as it is, without looking into it, into an HttpBody."""
        if self.body == WHOLE_MESSAGE:
            return self.rpc.input_type.full_name == HTTP_BODY
        return _is_http_body(self.rpc.input_type, self.body)

    @property
    def gives_raw_body(self) -> bool:
        """Whether the answer's HttpBody is the HTTP body, without JSON."""
        if not self.response_body:
            return self.rpc.output_type.full_name == HTTP_BODY
        return _is_http_body(self.rpc.output_type, self.response_body)


def routes_of(services: Iterable[ServiceDescriptor]) -> tuple[Route, ...]:
    """Return the routes of all methods that have a rule, in the order of the files.

    Raises:
        BadRoute: a rule that cannot be served, or two rules with one method and shape.
    """
    routes = [
        route
        for service in services
        for method in service.methods
        for route in _routes_of_method(method)
    ]
    table_of(routes)
    return tuple(routes)


def table_of(routes: Iterable[Route]) -> RouteTable[Route]:
    """Return a table whose targets are the routes themselves.

    Raises:
        BadRoute: two routes with one method and shape.
    """
    table: RouteTable[Route] = RouteTable()
    for route in routes:
        try:
            table.add(route.http_method, route.template, route)
        except DuplicateRoute as exc:
            raise BadRoute(route.rpc.full_name, str(exc)) from exc
    return table


def _routes_of_method(method: MethodDescriptor) -> Iterator[Route]:
    options = method.GetOptions()
    if not options.HasExtension(annotations_pb2.http):
        return
    rule = options.Extensions[annotations_pb2.http]
    for binding, one in enumerate((rule, *rule.additional_bindings)):
        if binding and one.additional_bindings:
            raise BadRoute(method.full_name, "additional_bindings inside additional_bindings")
        try:
            yield _route(method, one, binding)
        except BadTemplate as exc:
            raise BadRoute(method.full_name, str(exc)) from exc


def _route(method: MethodDescriptor, rule: http_pb2.HttpRule, binding: int) -> Route:
    http_method, path = _pattern(method, rule)
    route = Route(
        rpc=method,
        http_method=http_method,
        template=parse_template(path),
        body=rule.body,
        response_body=rule.response_body,
        binding=binding,
        request_class=message_factory.GetMessageClass(method.input_type),
        response_class=message_factory.GetMessageClass(method.output_type),
    )
    for variable in route.template.variables:
        _check_variable(method, variable.field_path)
    _check_body(route)
    _check_response(route)
    return route


def _pattern(method: MethodDescriptor, rule: http_pb2.HttpRule) -> tuple[str, str]:
    kind = rule.WhichOneof("pattern")
    if kind is None:
        raise BadRoute(method.full_name, "the rule has no method and path")
    if kind != "custom":
        return kind.upper(), getattr(rule, kind)
    if rule.custom.kind != ANY_METHOD and not _METHOD_NAME.fullmatch(rule.custom.kind):
        raise BadRoute(method.full_name, f"{rule.custom.kind!r} is not an HTTP method")
    return rule.custom.kind, rule.custom.path


def _check_variable(method: MethodDescriptor, field_path: tuple[str, ...]) -> None:
    name = ".".join(field_path)
    holder: Descriptor | None = method.input_type
    for step in field_path:
        field = holder.fields_by_name.get(step) if holder else None
        if field is None:
            raise BadRoute(method.full_name, f"path variable {name!r} names no field")
        if field.is_repeated:
            raise BadRoute(method.full_name, f"path variable {name!r} is repeated or a map")
        holder = field.message_type
    if holder:
        raise BadRoute(method.full_name, f"path variable {name!r} is a message")


def _check_body(route: Route) -> None:
    rpc = route.rpc
    if rpc.client_streaming:
        raise BadRoute(rpc.full_name, "a stream of requests has no form over HTTP")
    if route.body not in ("", WHOLE_MESSAGE) and route.body not in rpc.input_type.fields_by_name:
        raise BadRoute(rpc.full_name, f"body {route.body!r} is not a field of the request itself")
    if any(variable.field_path == (route.body,) for variable in route.template.variables):
        raise BadRoute(rpc.full_name, f"{route.body!r} is both the body and in the path")


def _check_response(route: Route) -> None:
    rpc = route.rpc
    if route.response_body and route.response_body not in rpc.output_type.fields_by_name:
        raise BadRoute(
            rpc.full_name, f"response_body {route.response_body!r} is not a field of the answer"
        )
    if not rpc.server_streaming:
        return
    if route.gives_raw_body:
        raise BadRoute(rpc.full_name, "a stream of HttpBody has no lines")
    line: Descriptor | None = rpc.output_type
    if route.response_body:
        line = rpc.output_type.fields_by_name[route.response_body].message_type
    if line and any(field.json_name == ERROR_MEMBER for field in line.fields):
        raise BadRoute(
            rpc.full_name, f"a message of a stream may not have the member {ERROR_MEMBER!r}"
        )


def _is_http_body(holder: Descriptor, name: str) -> bool:
    field: FieldDescriptor | None = holder.fields_by_name.get(name)
    return (
        field is not None
        and not field.is_repeated
        and field.message_type is not None
        and field.message_type.full_name == HTTP_BODY
    )
