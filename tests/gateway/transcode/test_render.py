"""Answers as bytes: messages, errors, and methods that a path does not have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.transcode.shop import message_class, thing
from tidings.gateway.transcode.errors import (
    MalformedRequest,
    NoSuchPath,
    TooLarge,
    Unprintable,
    WrongMethod,
)
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
    reply = render_response(thing(**fields))
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
    ("error", "status", "code"),
    [
        (MalformedRequest("small", "not a decimal integer"), 400, 3),
        (NoSuchPath(), 404, 5),
        (WrongMethod("PUT", ("GET",)), 405, 12),
        (TooLarge("the body", 7), 413, 8),
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
    assert json.loads(render_error(MalformedRequest("small", "not a number")).body)["details"] == [
        {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
    ]


def test_wrong_method_says_which_are_allowed() -> None:
    allow = ("GET", "HEAD", "OPTIONS")
    reply = render_miss("PUT", allow)
    assert reply.status == 405
    assert (b"allow", b"GET, HEAD, OPTIONS") in reply.headers
    assert render_miss("OPTIONS", allow) == Reply(204, ((b"allow", b"GET, HEAD, OPTIONS"),), b"")
