"""JSON text is parsed strictly, within bounds, and printed as Go prints it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tidings.v1 import json_runtime as rt
from tidings.v1 import nomad_json, puppet_json

NO_JSON = [
    b"{]",
    b"{",
    b"[1,]",
    b'{"a":1,}',
    b"{'a':1}",
    b"{a:1}",
    b"[1 2]",
    b"1 2",
    b"01",
    b"+1",
    b".5",
    b"5.",
    b"1e",
    b"0x1",
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"-",
    b"True",
    b"nul",
    b'"a',
    b'"\n"',
    b'"\x00"',
    b'"\\x41"',
    b'"\\u12"',
    b'"\\ud800"',
    b'"\\ud800\\u0041"',
    b'"\\udc00"',
    b'"\xff"',
    b'{"\xff":1}',
    b'"\xed\xa0\x80"',
    b'"\xc0\x80"',
    b"\xef\xbb\xbf{}",
    b"// a\n1",
    b"1e400",
    b"-1e400",
    5000 * b"1",
]

READERS: list[Callable[[bytes], object]] = [
    rt.loads,
    rt.members,
    rt.canonical,
    nomad_json.nomad_payload_from_text,
    lambda text: nomad_json.nomad_event_from_text(text, []),
    lambda text: puppet_json.puppet_job_event_from_text(text, []),
    lambda text: nomad_json.blank_nomad_payload_text(
        b'{"Node":{"SecretID":"x"},"B":' + text + b"}"
    ),
]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("text", [b"", b" ", b"\n"])
def test_nothing_is_no_json(text: bytes, read: Callable[[bytes], object]) -> None:
    with pytest.raises(rt.JsonError):
        read(text)


@pytest.mark.parametrize("text", NO_JSON, ids=lambda text: repr(text[:20]))
def test_what_is_no_json_is_refused_by_everything(text: bytes) -> None:
    for read in READERS:
        for around in (b"%s", b'{"Node":%s}', b'{"Volume":{"Topologies":[%s]}}'):
            with pytest.raises(rt.JsonError):
                read(around % text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b" null ", None),
        (b"18446744073709551616", 2**64),
        (b"-9223372036854775809", -(2**63) - 1),
        (b'"\\ud83d\\ude00\\u0000"', "\U0001f600\0"),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b"1E2", 100.0),
        (b'{"":{"\\u0000":[]}}', {"": {"\0": []}}),
    ],
)
def test_what_is_json_is_read(text: bytes, value: object) -> None:
    assert rt.loads(text) == value
    assert type(rt.loads(text)) is type(value)


BOMBS = [
    (b"[", b"]"),
    (b'{"a":', b"}"),
    (b'[{"a":', b"}]"),
    (b'{"Node":{"Meta":', b"}}"),
]


@pytest.mark.parametrize(("before", "after"), BOMBS)
@pytest.mark.parametrize("depth", [rt.MAX_DEPTH + 1, 900, 100_000])
def test_a_depth_bomb_is_refused_by_everything(before: bytes, after: bytes, depth: int) -> None:
    text = before * depth + b"1" + after * depth
    for read in READERS:
        with pytest.raises(rt.JsonError):
            read(text)


def test_what_is_just_deep_enough_goes_everywhere() -> None:
    text = b"[" * rt.MAX_DEPTH + b"-0" + b"]" * rt.MAX_DEPTH
    assert rt.canonical(text) == text
    assert rt.compact(b"\n" + text) == text
    assert b"".join(rt.dumps_indented(rt.raw(text)).split()) == text
    deep = b'{"Node":{"SecretID":"x"},"B":' + text[2:-2] + b"}"
    assert nomad_json.blank_nomad_payload_text(deep) == deep.replace(b'"x"', b'""')


def test_depth_does_not_depend_on_how_deep_the_stack_is() -> None:
    text = b"[" * rt.MAX_DEPTH + b"]" * rt.MAX_DEPTH
    results: list[object] = []

    def deeper(levels: int) -> None:
        if levels:
            deeper(levels - 1)
            return
        results.append(rt.canonical(text))
        with pytest.raises(rt.JsonError, match="nested too deeply"):
            rt.loads(b"[" + text + b"]")

    for levels in (0, 100, 250):
        thread = threading.Thread(target=deeper, args=(levels,))
        thread.start()
        thread.join()
    assert results == [text] * 3


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":"' + b"x" * 2_000_000 + b'"}',
        b'{"a":"' + b'\\"' * 1_000_000 + b'"}',
        b'{"a":[' + b"0," * 100_000 + b"0]}",
        b'{"a":' + b" " * 2_000_000 + b"1}",
        b'{"a":' + b"\n" * 2_000_000 + b"1}",
        b"{" + b",".join(b'"%d":%d' % (i, i) for i in range(20_000)) + b"}",
        b"{" + b'"SecretID":"x",' * 20_000 + b'"a":1}',
        b'{"Allocation":{' + b'"SignedIdentities":{"x":"y"},' * 20_000 + b'"ID":"a"}}',
        b'{"Job":{"Meta":{"a":"' + b"SecretID" * 100_000 + b'"}}}',
        b'{"a":0.' + b"1" * 1_000_000 + b"}",
    ],
    ids=lambda text: repr(text[:24]),
)
def test_long_texts_take_no_longer_than_their_length(text: bytes) -> None:
    for read in READERS:
        read(text)
    assert rt.loads(rt.compact(text)) == rt.loads(text)


def test_members_and_join_are_two_directions() -> None:
    text = b'{ "a" : [ 1 , 2 ] , "b\\n":"x", "c" :null , "a": 1.50 }'
    members = rt.members(text)
    assert members == {"a": b"1.50", "b\n": b'"x"', "c": b"null"}
    assert rt.members(rt.join(members)) == members
    assert rt.join({}) == b"{}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, b"{}"),
        ([], b"[]"),
        ({"a": [], "b": {}}, b'{\n    "a": [],\n    "b": {}\n}'),
        ([1, "a"], b'[\n    1,\n    "a"\n]'),
        (
            {"a": {"b": [None]}},
            b'{\n    "a": {\n        "b": [\n            null\n        ]\n    }\n}',
        ),
        (
            {"a": rt.raw(b'{"b":1.50,"b":"\\u003c"}')},
            b'{\n    "a": {\n        "b": 1.50,\n        "b": "\\u003c"\n    }\n}',
        ),
    ],
)
def test_indented_json_is_that_of_go(value: object, text: bytes) -> None:
    assert rt.dumps_indented(value) == text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        (b"\"<a href='x'>&amp;\"", b"\"\\u003ca href='x'\\u003e\\u0026amp;\""),
        ('"\u2028\u2029\u2030é"'.encode(), '"\\u2028\\u2029\u2030é"'.encode()),
        (b'{"a<":[">"]}', b'{"a\\u003c":["\\u003e"]}'),
        (b'"\\u003c"', b'"\\u003c"'),
    ],
)
def test_html_is_escaped_as_by_go(text: bytes, escaped: bytes) -> None:
    assert rt.go_escape_html(text) == escaped
    assert rt.loads(escaped) == rt.loads(text)


def test_an_error_is_seen_from_the_objects_around() -> None:
    error = rt.JsonError("", "wrong").inside("[3]").inside("Events").inside("Node")
    assert (error.path, error.reason) == ("Node.Events[3]", "wrong")
    assert str(error) == "Node.Events[3]: wrong"
