"""From descriptors to routes: the google.api.http rules of services, checked at start.

A rule that cannot be served stops the program with the RPC's name; nothing is left to be found out
by the first request.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Before any descriptor's options are read: protobuf caches what it read, and without the extension
# registered the rules would stay invisible for good.
from google.api import annotations_pb2, http_pb2
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from tidings.gateway.transcode.errors import BadRoute, BadTemplate
from tidings.gateway.transcode.template import Template, parse_template

HTTP_BODY = "google.api.HttpBody"
# The member of the last line of a stream that broke. No message of a stream may have it.
ERROR_MEMBER = "error"


@dataclass(frozen=True, slots=True)
class Route:
    """One HTTP method and path of one RPC.

    `body` is "" or the proto name of a top-level field. `binding` is 0 for the rule itself
    and counts `additional_bindings` from 1.
    """

    rpc: MethodDescriptor
    http_method: str
    template: Template
    body: str
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
        field = self.rpc.input_type.fields_by_name.get(self.body)
        inner = field.message_type if field is not None and not field.is_repeated else None
        return inner is not None and inner.full_name == HTTP_BODY


# A route, and the raw texts of its path's variables.
Found = tuple[Route, tuple[str, ...]]


def routes_of(services: Iterable[ServiceDescriptor]) -> tuple[Route, ...]:
    """Return the routes of all methods that have a rule, in the order of the files.

    Raises:
        BadRoute: a rule that cannot be served, or two rules that some request fits.
    """
    routes: list[Route] = []
    for service in services:
        for method in service.methods:
            for route in _routes_of_method(method):
                _check_overlap(route, routes)
                routes.append(route)
    return tuple(routes)


def routes_at(routes: Iterable[Route], raw_path: bytes) -> dict[str, Found]:
    """Return the routes that have a path, by HTTP method; empty for an unknown path."""
    return {
        route.http_method: (route, captured)
        for route in routes
        if (captured := route.template.match(raw_path)) is not None
    }


def _check_overlap(route: Route, earlier: Iterable[Route]) -> None:
    for other in earlier:
        if other.http_method == route.http_method and other.template.overlaps(route.template):
            raise BadRoute(
                route.rpc.full_name,
                f"{route.http_method} {route.template} overlaps with {other.template}",
            )


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
    kind = rule.WhichOneof("pattern")
    if kind is None:
        raise BadRoute(method.full_name, "the rule has no method and path")
    if kind == "custom" or rule.response_body:
        raise BadRoute(method.full_name, "custom methods and response_body are not served")
    route = Route(
        rpc=method,
        http_method=kind.upper(),
        template=parse_template(getattr(rule, kind)),
        body=rule.body,
        binding=binding,
        request_class=message_factory.GetMessageClass(method.input_type),
        response_class=message_factory.GetMessageClass(method.output_type),
    )
    for variable in route.template.variables:
        _check_variable(method, variable.field_path)
    _check_messages(route)
    return route


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


def _check_messages(route: Route) -> None:
    rpc = route.rpc
    if rpc.client_streaming:
        raise BadRoute(rpc.full_name, "a stream of requests has no form over HTTP")
    if HTTP_BODY in (rpc.input_type.full_name, rpc.output_type.full_name):
        raise BadRoute(rpc.full_name, "HttpBody is only served as a field of the request")
    if route.body and route.body not in rpc.input_type.fields_by_name:
        raise BadRoute(rpc.full_name, f"body {route.body!r} is not a field of the request itself")
    if any(variable.field_path == (route.body,) for variable in route.template.variables):
        raise BadRoute(rpc.full_name, f"{route.body!r} is both the body and in the path")
    if rpc.server_streaming and any(
        field.json_name == ERROR_MEMBER for field in rpc.output_type.fields
    ):
        raise BadRoute(
            rpc.full_name, f"a message of a stream may not have the member {ERROR_MEMBER!r}"
        )
