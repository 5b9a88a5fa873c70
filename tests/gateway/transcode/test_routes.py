"""From rules to routes, and the rules that stop the program."""

from __future__ import annotations

import subprocess
import sys

import pytest
from google.api import http_pb2

from tests.gateway.transcode.shop import message_class, method_with, route_of, routes, service
from tidings.gateway.transcode.errors import BadRoute
from tidings.gateway.transcode.routes import routes_of

Rule = http_pb2.HttpRule


def test_every_rule_becomes_a_route_in_the_order_of_the_file() -> None:
    found = [
        (r.http_method, str(r.template), r.binding)
        for r in routes()
        if r.rpc.name in ("Get", "Any")
    ]
    assert found == [
        ("GET", "/v1/things/{name}", 0),
        ("GET", "/v1/parts/{part.name}/things/{name}", 1),
        ("POST", "/v1/things/{name}:poke", 2),
        ("*", "/v1/any", 0),
        ("PURGE", "/v1/purge", 1),
    ]


def test_method_without_a_rule_has_no_route() -> None:
    assert "Hidden" in service().methods_by_name
    assert "Hidden" not in {route.rpc.name for route in routes()}


def test_route_knows_its_call() -> None:
    route = route_of("PutPart", 1)
    assert route.rpc_path == "/shop.Shop/PutPart"
    assert (route.body, route.response_body) == ("tags", "")
    assert route.request_class is message_class("shop.Thing")
    assert route.response_class is message_class("shop.Thing")


@pytest.mark.parametrize(
    ("name", "taken", "given"),
    [
        ("Raw", True, True),
        ("RawWhole", True, True),
        ("Put", False, False),
        ("List", False, False),
    ],
)
def test_http_body_is_found(name: str, taken: bool, given: bool) -> None:  # noqa: FBT001 - a table
    route = route_of(name)
    assert (route.takes_raw_body, route.gives_raw_body) == (taken, given)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (Rule(get="/a/{x"), "path template"),
        (Rule(get="/{nothing}"), "names no field"),
        (Rule(get="/{part.nothing}"), "names no field"),
        (Rule(get="/{name.x}"), "names no field"),
        (Rule(get="/{httpAddr}"), "names no field"),
        (Rule(get="/{tags}"), "repeated or a map"),
        (Rule(get="/{parts.name}"), "repeated or a map"),
        (Rule(get="/{labels}"), "repeated or a map"),
        (Rule(get="/{part}"), "is a message"),
        (Rule(get="/{boxed_text}"), "is a message"),
        (Rule(get="/{made_at}"), "is a message"),
        (Rule(put="/a", body="nothing"), "not a field of the request"),
        (Rule(put="/a", body="part.name"), "not a field of the request"),
        (Rule(put="/{name}", body="name"), "both the body and in the path"),
        (Rule(get="/a", response_body="nothing"), "not a field of the answer"),
        (Rule(get="/a", response_body="part.name"), "not a field of the answer"),
        (Rule(body="*"), "no method and path"),
        (Rule(custom={"kind": "", "path": "/a"}), "not an HTTP method"),
        (Rule(custom={"kind": "A B", "path": "/a"}), "not an HTTP method"),
        (
            Rule(get="/a", additional_bindings=[Rule(get="/b", additional_bindings=[Rule()])]),
            "inside additional_bindings",
        ),
        (Rule(get="/a", additional_bindings=[Rule(get="/{nothing}")]), "names no field"),
        (Rule(get="/a/{name}", additional_bindings=[Rule(get="/a/*")]), "is the same as"),
    ],
)
def test_rule_that_cannot_be_served_is_refused(rule: http_pb2.HttpRule, reason: str) -> None:
    method = method_with(rule)
    with pytest.raises(BadRoute, match=reason) as caught:
        routes_of([method.containing_service])
    assert caught.value.rpc == method.full_name
    assert method.full_name in str(caught.value)


def test_two_rpcs_on_one_path_are_refused_by_the_name_of_the_later() -> None:
    method = method_with(Rule(get="/a/{name}"), Rule(get="/a/{note}"))
    with pytest.raises(BadRoute, match=r"Call1: GET /a/\{note\} is the same as GET /a/\{name\}"):
        routes_of([method.containing_service])


@pytest.mark.parametrize("rule", [Rule(post="/a"), Rule(post="/a", body="*")])
def test_stream_of_requests_is_refused(rule: http_pb2.HttpRule) -> None:
    method = method_with(rule, client_streaming=True)
    with pytest.raises(BadRoute, match="a stream of requests"):
        routes_of([method.containing_service])


def test_stream_of_raw_bodies_is_refused() -> None:
    method = method_with(Rule(get="/a"), response="google.api.HttpBody", server_streaming=True)
    with pytest.raises(BadRoute, match="a stream of HttpBody"):
        routes_of([method.containing_service])


def test_streamed_message_with_a_member_error_could_not_be_told_from_an_error() -> None:
    whole = method_with(Rule(get="/a"), response="shop.Outcome")
    streamed = method_with(Rule(get="/a"), response="shop.Outcome", server_streaming=True)
    assert len(routes_of([whole.containing_service])) == 1
    with pytest.raises(BadRoute, match="'error'"):
        routes_of([streamed.containing_service])


def test_line_that_is_one_field_is_looked_at_itself() -> None:
    method = method_with(
        Rule(get="/a", response_body="things"), response="shop.Outcome", server_streaming=True
    )
    (route,) = routes_of([method.containing_service])
    assert route.response_body == "things"


def test_rules_are_seen_by_a_program_that_imports_nothing_else() -> None:
    # protobuf caches options as first read: without the extension registered they stay empty.
    program = (
        "from tidings.gateway.transcode.routes import routes_of\n"
        "from google.longrunning import operations_pb2\n"
        "services = operations_pb2.DESCRIPTOR.services_by_name.values()\n"
        "print(len(routes_of(services)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout == "4\n"
