"""From rules to routes, and the rules that stop the program."""

from __future__ import annotations

import subprocess
import sys

import pytest
from google.api import http_pb2

from tests.gateway.transcode.shop import message_class, method_with, route_of, routes, service
from tidings.gateway.contract import ROUTES
from tidings.gateway.transcode.errors import BadRoute
from tidings.gateway.transcode.routes import routes_of

Rule = http_pb2.HttpRule


def test_every_rule_becomes_a_route_in_the_order_of_the_file() -> None:
    found = [
        (r.http_method, str(r.template), r.binding)
        for r in routes()
        if r.rpc.name in ("Get", "Raw")
    ]
    assert found == [
        ("GET", "/v1/things/{name}", 0),
        ("GET", "/v1/parts/{part.name}/things/{name}", 1),
        ("PUT", "/v1/raw/{key}", 0),
    ]


def test_method_without_a_rule_has_no_route() -> None:
    assert "Hidden" in service().methods_by_name
    assert "Hidden" not in {route.rpc.name for route in routes()}


def test_route_knows_its_call() -> None:
    route = route_of("PutPart", 1)
    assert route.rpc_path == "/shop.Shop/PutPart"
    assert route.body == "tags"
    assert route.request_class is message_class("shop.Thing")
    assert route.response_class is message_class("shop.Thing")


@pytest.mark.parametrize(("name", "is_raw"), [("Raw", True), ("Put", False), ("Get", False)])
def test_http_body_is_found(name: str, is_raw: bool) -> None:  # noqa: FBT001 - a table
    assert route_of(name).takes_raw_body == is_raw


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
        (Rule(put="/a", body="*"), "not a field of the request"),
        (Rule(put="/{name}", body="name"), "both the body and in the path"),
        (Rule(get="/a", response_body="things"), "response_body are not served"),
        (Rule(body="part"), "no method and path"),
        (Rule(custom={"kind": "PURGE", "path": "/a"}), "custom methods"),
        (
            Rule(get="/a", additional_bindings=[Rule(get="/b", additional_bindings=[Rule()])]),
            "inside additional_bindings",
        ),
        (Rule(get="/a", additional_bindings=[Rule(get="/{nothing}")]), "names no field"),
        (Rule(get="/a/{name}", additional_bindings=[Rule(get="/a/b")]), "overlaps with"),
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
    with pytest.raises(BadRoute, match=r"Call1: GET /a/\{note\} overlaps with /a/\{name\}"):
        routes_of([method.containing_service])


@pytest.mark.parametrize("rule", [Rule(post="/a"), Rule(post="/a", body="part")])
def test_stream_of_requests_is_refused(rule: http_pb2.HttpRule) -> None:
    method = method_with(rule, client_streaming=True)
    with pytest.raises(BadRoute, match="a stream of requests"):
        routes_of([method.containing_service])


@pytest.mark.parametrize("answer", ["shop.Thing", "google.api.HttpBody"])
def test_message_that_is_a_raw_body_is_refused(answer: str) -> None:
    request = "google.api.HttpBody" if answer == "shop.Thing" else "shop.Thing"
    method = method_with(Rule(post="/a"), request=request, response=answer)
    with pytest.raises(BadRoute, match="HttpBody is only served as a field"):
        routes_of([method.containing_service])


def test_streamed_message_with_a_member_error_could_not_be_told_from_an_error() -> None:
    whole = method_with(Rule(get="/a"), response="shop.Outcome")
    streamed = method_with(Rule(get="/a"), response="shop.Outcome", server_streaming=True)
    assert len(routes_of([whole.containing_service])) == 1
    with pytest.raises(BadRoute, match="'error'"):
        routes_of([streamed.containing_service])


def test_rules_are_seen_by_a_program_that_imports_nothing_else() -> None:
    # protobuf caches options as first read: without the extension registered they stay empty.
    program = (
        "from tidings.gateway.transcode.routes import routes_of\n"
        "from tidings.v1 import event_service_pb2\n"
        "services = event_service_pb2.DESCRIPTOR.services_by_name.values()\n"
        "print(len(routes_of(services)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout == f"{len(ROUTES)}\n"
