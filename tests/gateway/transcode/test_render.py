"""Answers as bytes: messages, single fields, raw bodies, lines, errors, and paths nobody has."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf.message import Message

from tests.gateway.transcode.shop import message_class, route_of, thing
from tidings.gateway.transcode.errors import (
    BadRequest,
    NoSuchPath,
    TooLarge,
    Unprintable,
    UnsupportedMediaType,
    WrongMethod,
)
from tidings.gateway.transcode.match import MethodNotAllowed, NotFound
from tidings.gateway.transcode.render import (
    Reply,
    render_error,
    render_message,
    render_miss,
    render_response,
)

JSON = ((b"content-type", b"application/json"),)


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({}, "{}"),
        ({"name": "é\n", "small": 0}, '{"name":"é\\n"}'),
        ({"large": 2**63 - 1, "small": -1}, '{"small":-1,"large":"9223372036854775807"}'),
        ({"http_addr": "x", "small_positive": 1}, '{"smallPositive":1,"HTTPAddr":"x"}'),
        ({"colour": 1, "colours": [2, 77]}, '{"colour":"COLOUR_RED","colours":["COLOUR_BLUE",77]}'),
        ({"data": b"\xff\xef"}, '{"data":"/+8="}'),
        ({"note": "", "part": {}}, '{"note":"","part":{}}'),
        ({"took": {"seconds": 1, "nanos": 500_000_000}}, '{"took":"1.500s"}'),
        ({"made_at": {"seconds": 1}}, '{"madeAt":"1970-01-01T00:00:01Z"}'),
        ({"mask": {"paths": ["small_positive", "note"]}}, '{"mask":"smallPositive,note"}'),
        ({"boxed_text": {}, "boxed_number": {"value": 7}}, '{"boxedText":"","boxedNumber":"7"}'),
        ({"any_json": {"null_value": 0}}, '{"anyJson":null}'),
        ({"free": {"a": [True, 1.5]}}, '{"free":{"a":[true,1.5]}}'),
        ({"exact": float("nan"), "rough": float("-inf")}, '{"exact":"NaN","rough":"-Infinity"}'),
        ({"name": "a\u2028b\u2029c\x85d"}, '{"name":"a\\u2028b\\u2029c\\u0085d"}'),
    ],
)  # fmt: skip
def test_message_is_printed_as_proto3_json(fields: dict[str, Any], body: str) -> None:
    reply = render_response(route_of("Get"), thing(**fields))
    assert reply == Reply(200, JSON, body.encode())
    assert render_message(thing(**fields)) == body.encode()


def test_any_is_printed_if_its_type_is_in_the_pool_of_its_message() -> None:
    packed = thing()
    packed.packed.Pack(message_class("shop.Part")(weight=7))  # type: ignore[attr-defined]  # made at run time
    printed = json.loads(render_message(packed))
    assert printed == {"packed": {"@type": "type.googleapis.com/shop.Part", "weight": "7"}}


@pytest.mark.parametrize(
    "fields",
    [
        {"packed": {"type_url": "type.googleapis.com/no.Such", "value": b"x"}},
        {"packed": {"type_url": "type.googleapis.com/shop.Part", "value": b"\xff"}},
        {"made_at": {"seconds": 10**15}},
        {"mask": {"paths": ["Bad__path"]}},
        {"any_json": {"number_value": float("inf")}},
    ],
)
def test_message_without_a_json_form_is_an_internal_error(fields: dict[str, Any]) -> None:
    with pytest.raises(Unprintable, match=r"shop\.Thing") as caught:
        render_message(thing(**fields))
    assert render_error(caught.value).status == 500


@pytest.mark.parametrize(
    ("name", "full", "empty"),
    [
        ("things", b'[{"name":"a"}]', b"[]"),
        ("labels", b'{"a":"b"}', b"{}"),
        ("count", b'"7"', b'"0"'),
        ("done", b"true", b"false"),
        ("part", b'{"name":"p"}', b"null"),
        ("note", b'""', b"null"),
        ("colour", b'"COLOUR_RED"', b'"COLOUR_UNSPECIFIED"'),
        ("data", b'"aGk="', b'""'),
        ("text", b'"x"', b'""'),
    ],
)
def test_response_body_prints_one_field(name: str, full: bytes, empty: bytes) -> None:
    bindings = ["things", "labels", "count", "done", "part", "note", "colour", "data", "text"]
    route = route_of("List", bindings.index(name))
    answer = message_class("shop.Things")(
        things=[thing(name="a")],
        labels={"a": "b"},
        count=7,
        done=True,
        part={"name": "p"},
        note="",
        colour=1,
        data=b"hi",
        text="x",
    )
    assert route.response_body == name
    assert render_response(route, answer) == Reply(200, JSON, full)
    assert render_response(route, message_class("shop.Things")()).body == empty


def raw(**fields: object) -> Message:
    return message_class("google.api.HttpBody")(**fields)


@pytest.mark.parametrize(
    ("content_type", "sent"),
    [
        ("text/plain; charset=utf-8", b"text/plain; charset=utf-8"),
        ("", b"application/octet-stream"),
        ("a/b\r\nset-cookie: x", b"application/octet-stream"),
        ("é", b"application/octet-stream"),
    ],
)
def test_raw_body_goes_out_as_it_is(content_type: str, sent: bytes) -> None:
    body = raw(data=b"\x00{", content_type=content_type)
    expected = Reply(200, ((b"content-type", sent),), b"\x00{")
    assert render_response(route_of("Raw"), body) == expected
    upload = message_class("shop.Upload")(key="k", content=body)
    assert render_response(route_of("RawWhole"), upload) == expected


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BadRequest("small", "not a decimal integer"), 400, 3),
        (NoSuchPath(), 404, 5),
        (WrongMethod("PUT", ("GET",)), 405, 12),
        (TooLarge("the body", 7), 413, 8),
        (UnsupportedMediaType("text/plain"), 415, 3),
        (Unprintable("a.B", "x"), 500, 13),
    ],
)
def test_own_errors_are_status_bodies(error: Any, status: int, code: int) -> None:
    reply = render_error(error)
    body = json.loads(reply.body)
    assert (reply.status, body["code"], body["message"]) == (status, code, str(error))
    assert reply.headers[0] == (b"content-type", b"application/json")


def test_bad_field_is_named_in_the_details() -> None:
    violation = {"field": "small", "description": "not a number"}
    assert json.loads(render_error(BadRequest("small", "not a number")).body)["details"] == [
        {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
    ]


def test_path_that_nobody_has() -> None:
    reply = render_miss("GET", NotFound())
    assert reply.status == 404
    assert json.loads(reply.body) == {"code": 5, "message": "no such path", "details": []}
    assert render_miss("OPTIONS", NotFound()).status == 404


def test_wrong_method_says_which_are_allowed() -> None:
    miss = MethodNotAllowed(("GET", "HEAD", "OPTIONS"))
    reply = render_miss("PUT", miss)
    assert reply.status == 405
    assert (b"allow", b"GET, HEAD, OPTIONS") in reply.headers
    assert render_miss("OPTIONS", miss) == Reply(204, ((b"allow", b"GET, HEAD, OPTIONS"),), b"")
