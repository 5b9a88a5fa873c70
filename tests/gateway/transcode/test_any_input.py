"""Whatever comes in gives a message or an error of ours; what is printed is read back the same."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from google.protobuf.message import Message
from hypothesis import example, given
from hypothesis import strategies as st

from tests.gateway.transcode.shop import bind, change, find, message_class, thing
from tidings.gateway.transcode.bind import bind_request
from tidings.gateway.transcode.errors import MalformedRequest, TranscodeError
from tidings.gateway.transcode.metadata import request_metadata
from tidings.gateway.transcode.render import render_message

NAMES = [field.name for field in message_class("shop.Thing").DESCRIPTOR.fields]
MEMBERS = [field.json_name for field in message_class("shop.Thing").DESCRIPTOR.fields]

_URLS = [f"a/{kind}" for kind in ("shop.Part", "google.protobuf.Duration", "google.protobuf.Any")]
_KEYS = st.sampled_from([*NAMES, *MEMBERS, "@type", "value", "inner", "weight", "x", "[a.b]"])
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=4),
    st.sampled_from(["aGk=", "!!", "COLOUR_RED", "7", "1.5s", "1970-01-01T00:00:00Z", *_URLS]),
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=3)),
    max_leaves=8,
)
_BODIES = st.one_of(st.binary(max_size=20), st.dictionaries(_KEYS, _VALUES).map(json.dumps))

_ROUGH_MAX = 2.0**127


def test_any_body_is_a_message_or_a_bad_request() -> None:
    @example('{"packed": {"@type": "a/google.protobuf.Any", "value": 7}}')
    @example('{"packed": {"@type": "a/google.protobuf.Duration"}}')
    @example('{"packed": {}}')
    @given(_BODIES)
    def check(body: str | bytes) -> None:
        data = body.encode() if isinstance(body, str) else body
        with suppress(MalformedRequest):
            bound = bind("PUT", "/v1/things/a", data)
            assert type(bound).FromString(bound.SerializeToString()) == bound

    check()


_PARAMETERS = st.lists(
    st.tuples(
        st.lists(st.sampled_from([*NAMES, "value", "inner", "weight", "x", ""]), max_size=3),
        st.one_of(st.none(), st.text(max_size=5), st.sampled_from(["7", "true", "aGk=", "1s"])),
    ),
    max_size=4,
)


def test_any_query_is_a_message_or_a_bad_request() -> None:
    found, _ = find("GET", "/v1/things/a")

    @given(st.one_of(st.binary(max_size=20), _PARAMETERS))
    def check(query: bytes | list[tuple[list[str], str | None]]) -> None:
        if isinstance(query, list):
            parts = [
                ".".join(steps) + ("" if text is None else f"={text}") for steps, text in query
            ]
            query = "&".join(parts).encode()
        with suppress(MalformedRequest):
            bound = bind_request(*found, query)
            assert type(bound).FromString(bound.SerializeToString()) == bound

    check()


@given(st.lists(st.tuples(st.sampled_from([b"authorization", b"grpc-metadata-x"]), st.binary())))
def test_any_headers_are_metadata_or_a_bad_request(headers: list[tuple[bytes, bytes]]) -> None:
    with suppress(TranscodeError):
        for key, value in request_metadata(headers):
            assert key in ("authorization", "x")
            assert str(value).isascii()


_TEXTS = st.text(max_size=5)
_PARTS: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {}, optional={"name": _TEXTS, "weight": st.integers(-(2**63), 2**63 - 1)}
)
_THINGS = st.fixed_dictionaries(
    {},
    optional={
        "small": st.integers(-(2**31), 2**31 - 1),
        "large_positive": st.integers(0, 2**64 - 1),
        "exact": st.floats(allow_nan=False),
        # protobuf prints the largest float rounded up, and then calls it too large
        "rough": st.floats(width=32, min_value=-_ROUGH_MAX, max_value=_ROUGH_MAX),
        "data": st.binary(max_size=5),
        "colour": st.integers(0, 1),
        "note": _TEXTS,
        "tags": st.lists(_TEXTS, max_size=3),
        "part": _PARTS,
        "parts": st.lists(_PARTS, max_size=3),
        "blobs": st.dictionaries(_TEXTS, st.binary(max_size=5), max_size=3),
        "part_of": st.dictionaries(_TEXTS, _PARTS, max_size=3),
        "took": st.fixed_dictionaries({"seconds": st.integers(-9999, -1)}),
        "boxed_data": st.fixed_dictionaries({"value": st.binary(max_size=5)}),
        "boxed_number": st.fixed_dictionaries({"value": st.integers(-(2**63), 2**63 - 1)}),
        "left": _TEXTS,
        "free": st.dictionaries(_TEXTS, st.one_of(_TEXTS, st.booleans()), max_size=3),
    },
)


@given(_THINGS)
def test_printed_message_is_read_back_the_same(fields: dict[str, Any]) -> None:
    message: Message = thing(**fields)
    printed = render_message(message)
    assert b"\n" not in printed
    assert bind("PUT", "/v1/things/a", printed) == change(**fields)
