"""Whole requests to messages: path, query and body together, and who wins."""

from __future__ import annotations

from typing import Any

import pytest
from google.api import http_pb2
from google.protobuf.message import Message

from tests.gateway.transcode.shop import (
    bind,
    change,
    message_class,
    method_with,
    thing,
)
from tidings.gateway.transcode.bind import bind_request
from tidings.gateway.transcode.errors import MalformedRequest
from tidings.gateway.transcode.routes import routes_at, routes_of

NUMBERS = {"small": 7, "colour": 1, "ready": True, "data": b"hi"}
ANY_JSON = {"any_json": {"string_value": "x"}}


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        ("/v1/things/a", {"name": "a"}),
        ("/v1/things/a%2Fb%20c+d", {"name": "a/b c+d"}),
        ("/v1/things/other:verb", {"name": "other:verb"}),
        ("/v1/parts/p/things/a", {"name": "a", "part": {"name": "p"}}),
        ("/v1/deep/shelves/a%2Fb/c%20d", {"name": "shelves/a/b/c d"}),
        ("/v1/deep/a%3Fb%23c%2525", {"name": "a?b#c%25"}),
        ("/v1/deep/a", {"name": "a"}),
        ("/v1/deep/a//b/", {"name": "a//b/"}),
        ("/v1/deep", {}),
        ("/v1/numbers/7/COLOUR_RED/true/aGk", NUMBERS),
        ("/v1/numbers/7/red/true/aGk", NUMBERS),
        ("/v1/numbers/7/1/T/aGk=", NUMBERS),
        ("/v1/things/a?small=1&tags=x", {"name": "a", "small": 1, "tags": ["x"]}),
        # a part of what the path has bound: the path wins, its siblings are free
        ("/v1/parts/p/things/a?part.name=q", {"name": "a", "part": {"name": "p"}}),
        ("/v1/parts/p/things/a?part.weight=2", {"name": "a", "part": {"name": "p", "weight": 2}}),
    ],
)  # fmt: skip
def test_path_and_query_are_bound(target: str, fields: dict[str, Any]) -> None:
    assert bind("GET", target) == thing(**fields)


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ("/v1/things/%zz", "name"),
        ("/v1/things/%ff", "name"),
        ("/v1/deep/shelves/%ff", "name"),
        ("/v1/numbers/x/1/1/aGk", "small"),
        ("/v1/numbers/1/9/1/aGk", "colour"),
        ("/v1/numbers/1/1/maybe/aGk", "ready"),
        ("/v1/numbers/1/1/1/!!", "data"),
        ("/v1/parts/%ff/things/a", "part.name"),
    ],
)
def test_bad_path_is_refused_with_the_field(target: str, field: str) -> None:
    with pytest.raises(MalformedRequest) as caught:
        bind("GET", target)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"{}", {}),
        (b' {"small": 7, "tags": ["a"]} ', {"small": 7, "tags": ["a"]}),
        (b'{"HTTPAddr": "x", "small_positive": 1}', {"http_addr": "x", "small_positive": 1}),
        (b'{"large": "7", "largePositive": 7}', {"large": 7, "large_positive": 7}),
        (b'{"colour": "COLOUR_RED"}', {"colour": 1}),
        (b'{"note": null, "part": null, "data": null}', {}),
        (b'{"anyJson": null}', {"any_json": {"null_value": 0}}),
        (b'{"data": "_-8"}', {"data": b"\xff\xef"}),
        (b'{"boxedData": "aGk"}', {"boxed_data": {"value": b"hi"}}),
        (b'{"blobs": {"a": "aGk="}}', {"blobs": {"a": b"hi"}}),
        (b'{"partOf": {"a": {"weight": 1}}}', {"part_of": {"a": {"weight": 1}}}),
        (b'{"free": {"data": "!!", "x": [1]}}', {"free": {"data": "!!", "x": [1]}}),
    ],
)  # fmt: skip
def test_message_in_a_body_is_bound(body: bytes, fields: dict[str, Any]) -> None:
    assert bind("PUT", "/v1/things/a", body) == change(**fields)


@pytest.mark.parametrize(
    ("what", "body", "fields"),
    [
        ("/part", b'{"weight": "7"}', {"part": {"weight": 7}}),
        ("/part", b"{}", {"part": {}}),
        ("/part", b"", {}),
        ("/tags", b'["a", "b"]', {"tags": ["a", "b"]}),
        ("/tags", b"[]", {}),
        ("/data", b'"aGk="', {"data": b"hi"}),
        ("/labels", b'{"a": "b"}', {"labels": {"a": "b"}}),
        ("/any", b'"x"', ANY_JSON),
        ("/any", b"null", {"any_json": {"null_value": 0}}),
        ("/colour", b'"COLOUR_BLUE"', {"colour": 2}),
        ("/left", b'"x"', {"left": "x"}),
    ],
)  # fmt: skip
def test_body_is_bound(what: str, body: bytes, fields: dict[str, Any]) -> None:
    assert bind("PUT", f"/v1/things/a{what}", body) == thing(name="a", **fields)


@pytest.mark.parametrize(
    ("what", "body", "reason"),
    [
        ("", b"[]", "JSON object"),
        ("", b'""', "JSON object"),
        ("", b"null", "thing: null"),
        ("", b"7", "JSON object"),
        ("", b"{", "not JSON"),
        ("", b"{} {}", "not JSON"),
        ("", b"{'a': 1}", "not JSON"),
        ("", b" ", "not JSON"),
        ("", b'{"note": "\xff"}', "UTF-8"),
        ("", b'\xef\xbb\xbf{"note": "x"}', "not JSON: it begins with a byte"),
        ("", b'{"exact": NaN}', "NaN"),
        ("", b'{"exact": 1e999}', "out of range"),
        ("", b'{"rough": 1e39}', "rough"),
        ("", b'{"small": 1, "small": 1}', "twice"),
        ("", b'{"part": {"name": "a", "name": "a"}}', "twice"),
        ("", b'{"smallPositive": 1, "small_positive": 1}', "small_positive: .*both"),
        ("", b'{"nothing": 1}', "nothing: unknown"),
        ("", b'{"part": {"nothing": 1}}', r"part\.nothing: unknown"),
        ("", b'{"parts": [{}, {"nothing": 1}]}', r"parts\[1\]\.nothing: unknown"),
        ("", b'{"partOf": {"k": {"nothing": 1}}}', r"partOf\['k'\]\.nothing: unknown"),
        ("", b'{"part": []}', "part: .*object"),
        ("", b'{"part": ""}', "part: .*object"),
        ("", b'{"parts": [[]]}', r"parts\[0\]: .*object"),
        ("", b'{"parts": [null]}', r"parts\[0\]: .*object"),
        ("", b'{"parts": {}}', "parts: .*array"),
        ("", b'{"tags": "a"}', "tags: .*array"),
        ("", b'{"tags": [null]}', "tags"),
        ("", b'{"labels": []}', "labels: .*object"),
        ("", b'{"data": "!!"}', "data: not base64"),
        ("", b'{"data": "a"}', "data: not base64"),
        ("", b'{"data": 7}', "data"),
        ("", b'{"blobs": {"a": "!!"}}', r"blobs\['a'\]: not base64"),
        ("", b'{"boxedData": "!!"}', "boxedData: not base64"),
        ("", b'{"colour": "RED"}', "colour: not a value of shop.Colour"),
        ("", b'{"colour": 77}', "colour: not a value of shop.Colour"),
        ("", b'{"colour": "77"}', "colour: not a value of shop.Colour"),
        ("", b'{"colour": -1}', "colour: not a value of shop.Colour"),
        ("", b'{"colour": 1.0}', "colour: not a value of shop.Colour"),
        ("", b'{"small": "1_0"}', "small: not a decimal integer"),
        ("", '{"small": "\u0661\u0662"}'.encode(), "small: not a decimal integer"),
        ("", b'{"small": " 1"}', "small: not a decimal integer"),
        ("", b'{"large": "9223372036854775808"}', "large: not between"),
        ("", b'{"large": 1e300}', "large: out of range"),
        ("", b'{"largePositive": -1}', "largePositive: not between"),
        ("", b'{"madeAt": "2025-01-31T09:30:00+24:00"}', "madeAt: not an RFC 3339 time"),
        ("", b'{"took": "1_0s"}', "took: not a duration"),
        ("", b'{"took": "315576000001s"}', "took: not a duration"),
        ("", b'{"took": 1}', "took: must be a text"),
        ("", b'{"left": "a", "right": 1}', "right: excludes left"),
        ("", b'{"colours": ["COLOUR_RED", "RED"]}', r"colours\[1\]: not a value"),
        ("", b'{"small": true}', "small"),
        ("", b'{"small": 1.5}', "small"),
        ("", b'{"small": 2147483648}', "small"),
        ("", b'{"small": ' + b"9" * 5000 + b"}", "not JSON"),
        ("", b'{"ready": 1}', "ready"),
        ("", b'{"ready": "true"}', "ready"),
        ("", b'{"note": "\\ud800"}', "surrogate"),
        ("", b'{"took": "1"}', "took"),
        ("", b'{"madeAt": "yesterday"}', "madeAt"),
        ("", b'{"left": "a", "right": 1}', "oneof"),
        ("", b'{"packed": {"@type": "type.googleapis.com/no.Such"}}', "not known here"),
        ("", b'{"packed": {"@type": "a.com/shop.Part", "x": 1}}', r"packed\.x: unknown"),
        ("", b'{"packed": {"@type": 7, "x": 1}}', r"packed\.@type"),
        ("", b'{"packed": {"x": 1}}', r"packed\.@type"),
        ("", b'{"packed": {"@type": "a/google.protobuf.Duration"}}', "packed: .*'value'"),
        ("", b'{"packed": {"@type": "a/google.protobuf.BytesValue", "value": "!!"}}', "base64"),
        ("", b'{"packed": {"@type": "a/google.protobuf.Any", "value": []}}', r"packed\.value"),
        ("", b"[" * 100_000, "nested"),
        ("", b'{"part":' + b'{"inner":' * 150 + b"{}" + b"}" * 151, "too deep"),
        ("", b'{"free":' + b'{"a":' * 40 + b"{}" + b"}" * 41, "too deep"),
        ("", b'{"anyJson":' + b"[" * 40 + b"]" * 40 + b"}", "too deep"),
        ("/part", b"null", "part: null"),
        ("/part", b"[]", "part: .*object"),
        ("/tags", b'"a"', "tags: .*array"),
        ("/tags", b"null", "tags: null"),
        ("/tags", b"[1]", "tags"),
        ("/data", b'"!!"', "data: not base64"),
        ("/colour", b'"RED"', "colour: not a value"),
    ],
)  # fmt: skip
def test_bad_body_is_refused(what: str, body: bytes, reason: str) -> None:
    with pytest.raises(MalformedRequest, match=reason) as caught:
        bind("PUT", f"/v1/things/a{what}", body)
    assert len(str(caught.value)) < 400


def test_deepest_body_can_be_sent_and_read() -> None:
    body = b'{"free":' + b'{"a":' * 30 + b"1" + b"}" * 31
    bound = bind("PUT", "/v1/things/a", body)
    assert type(bound).FromString(bound.SerializeToString()) == bound


def test_any_in_a_body_is_bound() -> None:
    expected = change(packed={})
    assert bind("PUT", "/v1/things/a", b'{"packed": {}}') == expected
    packed: Any = expected.thing.packed  # type: ignore[attr-defined]  # made at run time
    part = b'{"packed": {"@type": "type.googleapis.com/shop.Part", "weight": "7"}}'
    packed.Pack(message_class("shop.Part")(weight=7))
    assert bind("PUT", "/v1/things/a", part) == expected
    stamp = b'{"packed": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "7s"}}'
    packed.Pack(message_class("google.protobuf.Duration")(seconds=7))
    assert bind("PUT", "/v1/things/a", stamp) == expected


@pytest.mark.parametrize(
    "content_type",
    [None, "", "application/json", "text/plain", "application/x-www-form-urlencoded", "json"],
)
def test_json_is_read_whatever_it_is_called(content_type: str | None) -> None:
    assert bind("PUT", "/v1/things/a", b'{"small":1}', content_type) == change(small=1)


def test_body_that_nobody_asked_for_is_ignored() -> None:
    assert bind("GET", "/v1/things/a", b"{rubbish", "text/plain") == thing(name="a")


def test_path_wins_over_body() -> None:
    bound = bind("PUT", "/v1/things/a/parts/p", b'{"name":"q","weight":1}')
    assert bound == thing(name="a", part={"name": "p", "weight": 1})


def test_query_under_a_field_of_path_or_body_is_ignored() -> None:
    bound = bind("PUT", "/v1/things/a/part?part.weight=2&name=b&small=3", b'{"weight":1}')
    assert bound == thing(name="a", part={"weight": 1}, small=3)


def test_query_may_not_contradict_a_oneof_of_the_body() -> None:
    with pytest.raises(MalformedRequest, match="right: excludes left"):
        bind("PUT", "/v1/things/a/left?right=1", b'"x"')


def test_path_wins_over_a_oneof_of_the_body() -> None:
    method = method_with(http_pb2.HttpRule(put="/one/{left}", body="right"))
    (route,) = routes_of([method.containing_service])
    found = routes_at([route], b"/one/a")["PUT"]
    assert bind_request(*found, b"", b"1", None) == thing(left="a")


def test_field_mask_is_not_filled_from_a_patch() -> None:
    bound = bind("PATCH", "/v1/things/a", b'{"weight":1}')
    assert bound == thing(name="a", part={"weight": 1})
    assert not bound.HasField("mask")


def upload(**fields: object) -> Message:
    return message_class("shop.Upload")(**fields)


def test_raw_body_is_taken_as_it_is() -> None:
    body = b'\x00\xff{"not json'
    expected = upload(
        key="k", flags=3, content={"data": body, "content_type": "text/plain; charset=x"}
    )
    assert bind("PUT", "/v1/raw/k?flags=3", body, "text/plain; charset=x") == expected


def test_empty_raw_body_is_there() -> None:
    bound = bind("PUT", "/v1/raw/k")
    assert bound == upload(key="k", content={})
    assert bound.HasField("content")


def test_query_cannot_reach_into_a_raw_body() -> None:
    assert bind("PUT", "/v1/raw/k?content.content_type=x", b"a") == upload(
        key="k", content={"data": b"a"}
    )
