"""Texts of queries and paths to fields: what is taken, what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from tests.gateway.transcode.shop import bind, thing
from tidings.gateway.transcode.errors import MalformedRequest

GET = "/v1/watch/a?"  # a route without a body; its only path field is `name`


def asked(query: str) -> Message:
    message = bind("GET", GET + query)
    message.ClearField("name")
    return message


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", {}),
        ("&&", {}),
        # scalars
        ("small=7", {"small": 7}),
        ("small=-7", {"small": -7}),
        ("small=%2B7", {"small": 7}),
        ("small=007", {"small": 7}),
        ("small=2147483647", {"small": 2**31 - 1}),
        ("small=-2147483648", {"small": -(2**31)}),
        ("large=9223372036854775807", {"large": 2**63 - 1}),
        ("small_positive=4294967295", {"small_positive": 2**32 - 1}),
        ("large_positive=18446744073709551615", {"large_positive": 2**64 - 1}),
        ("large_positive=-0", {"large_positive": 0}),
        ("exact=1.5", {"exact": 1.5}),
        ("exact=-1e-3", {"exact": -0.001}),
        ("exact=.5", {"exact": 0.5}),
        ("exact=5.", {"exact": 5.0}),
        ("exact=Infinity", {"exact": math.inf}),
        ("exact=-Infinity", {"exact": -math.inf}),
        ("rough=0.5", {"rough": 0.5}),
        *((f"ready={text}", {"ready": True}) for text in ("true", "TRUE", "True", "t", "T", "1")),
        *((f"ready={text}", {"ready": False}) for text in ("false", "FALSE", "f", "F", "0")),
        ("colour=COLOUR_RED", {"colour": 1}),
        ("colour=2", {"colour": 2}),
        ("colour=blue", {"colour": 2}),
        ("colours=red&colours=2&colours=COLOUR_RED", {"colours": [1, 2, 1]}),
        ("note=a+b%20c%2Bd", {"note": "a b c+d"}),
        ("note=%C3%A9", {"note": "é"}),
        ("note=a=b", {"note": "a=b"}),
        ("note=a;b", {"note": "a;b"}),
        ("data=aGk=", {"data": b"hi"}),
        ("data=aGk", {"data": b"hi"}),
        ("data=_-8", {"data": b"\xff\xef"}),
        ("data=%2F%2B8%3D", {"data": b"\xff\xef"}),
        # names
        ("smallPositive=7", {"small_positive": 7}),
        ("http_addr=x", {"http_addr": "x"}),
        ("HTTPAddr=x", {"http_addr": "x"}),
        ("part.name=x&part.weight=3", {"part": {"name": "x", "weight": 3}}),
        ("part.inner.inner.name=x", {"part": {"inner": {"inner": {"name": "x"}}}}),
        ("part.name=", {"part": {}}),
        # presence
        ("note=", {"note": ""}),
        ("note", {"note": ""}),
        ("left", {"left": ""}),
        ("ready", {"ready": True}),
        ("pretty", {"pretty": True}),
        ("boxed_flag", {"boxed_flag": {"value": True}}),
        # repeated
        ("tags=b&tags=a&tags=a,b", {"tags": ["b", "a", "a,b"]}),
        ("tags=", {"tags": [""]}),
        ("tags", {"tags": [""]}),
        ("numbers=1&small=2&numbers=3", {"numbers": [1, 3], "small": 2}),
        ("colours=COLOUR_RED&colours=2", {"colours": [1, 2]}),
        ("part.labels=a&part.labels=b", {"part": {"labels": ["a", "b"]}}),
        # well-known messages
        ("took=1.5s", {"took": {"seconds": 1, "nanos": 500_000_000}}),
        ("took=-0.5s", {"took": {"nanos": -500_000_000}}),
        ("made_at=1970-01-01T00:00:01Z", {"made_at": {"seconds": 1}}),
        ("madeAt=1970-01-01T01:00:00.5%2B01:00", {"made_at": {"nanos": 500_000_000}}),
        ("mask=small,part.name", {"mask": {"paths": ["small", "part.name"]}}),
        ("mask=smallPositive,http_addr", {"mask": {"paths": ["small_positive", "http_addr"]}}),
        ("mask=", {"mask": {}}),
        ("boxed_text=x", {"boxed_text": {"value": "x"}}),
        ("boxedText=", {"boxed_text": {}}),
        ("boxed_text.value=x", {"boxed_text": {"value": "x"}}),
        ("boxed_number=0", {"boxed_number": {}}),
        ("boxed_data=aGk", {"boxed_data": {"value": b"hi"}}),
        # oneofs
        ("left=x", {"left": "x"}),
        ("heavy.name=x&heavy.weight=1", {"heavy": {"name": "x", "weight": 1}}),
        # bound by the path: ignored, whatever it says
        ("name=b", {}),
        ("name", {}),
    ],
)  # fmt: skip
def test_query_is_bound(query: str, fields: dict[str, Any]) -> None:
    expected = thing(**fields)
    message = asked(query)
    assert message == expected
    assert message.SerializeToString() == expected.SerializeToString()


def test_not_a_number_is_a_number() -> None:
    assert math.isnan(getattr(asked("exact=NaN"), "exact"))  # noqa: B009 - made at run time


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        *((f"small={text}", "small", "integer") for text in ("", "x", "1.0", "1e2", "0x10", "1_0")),
        *((f"small={text}", "small", "integer") for text in ("+7", "%D9%A7", "7%0A", "--1")),
        ("small=2147483648", "small", "between"),
        ("small=-2147483649", "small", "between"),
        ("large=9223372036854775808", "large", "between"),
        ("small_positive=-1", "small_positive", "between"),
        ("large_positive=18446744073709551616", "large_positive", "between"),
        ("small=" + "9" * 5000, "small", "between"),
        *((f"ready={text}", "ready", "true nor") for text in ("", "on", "off", "y", "no", "2")),
        *((f"exact={text}", "exact", "number") for text in ("", "x", "inf", "nan", "1_0", "0x1p3")),
        ("exact=1e999", "exact", "out of range"),
        ("rough=1e39", "rough", "out of range"),
        ("colour=", "colour", "shop.Colour"),
        ("colour=colour_red", "colour", "shop.Colour"),
        ("colour=RED", "colour", "shop.Colour"),
        ("colour=Red", "colour", "shop.Colour"),
        ("colour=unspecified", "colour", "shop.Colour"),
        ("colour=7", "colour", "shop.Colour"),
        ("data=!!", "data", "base64"),
        ("data=aGk%3D%3D", "data", "base64"),
        ("data=a", "data", "base64"),
        ("note=%zz", "note", "percent"),
        ("note=%ff", "note", "UTF-8"),
        ("%zz=1", "query", "percent"),
        ("made_at=", "made_at", "RFC 3339"),
        ("made_at=2025-01-31", "made_at", "RFC 3339"),
        ("made_at=%221970-01-01T00:00:01Z%22", "made_at", "RFC 3339"),
        ("made_at=2025-02-30T00:00:00Z", "made_at", "RFC 3339"),
        ("made_at=1970-01-01T00:00:01+01:00", "made_at", "RFC 3339"),
        *((f"took={text}", "took", "duration") for text in ("", "1", "1h", "13h0m0s")),
        ("took=999999999999s", "took", "duration"),
        ("mask=a,,b", "mask", "field paths"),
        ("boxed_number=x", "boxed_number", "integer"),
        # more than once
        ("small=1&small=1", "small", "more than once"),
        ("smallPositive=1&small_positive=1", "small_positive", "more than once"),
        ("boxed_text=a&boxed_text.value=b", "boxed_text.value", "more than once"),
        ("part.name=a&part.name=b", "part.name", "more than once"),
        ("left=a&right=1", "right", "excludes left"),
        ("heavy.name=a&left=b", "left", "excludes heavy"),
        ("left=b&heavy.name=a", "heavy.name", "excludes left"),
        # not for queries
        ("part=x", "part", "cannot be given"),
        ("parts=x", "parts", "cannot be given"),
        ("times=1970-01-01T00:00:01Z", "times", "cannot be given"),
        ("labels=x", "labels", "cannot be given"),
        ("free=%7B%7D", "free", "cannot be given"),
        ("any_json=1", "any_json", "cannot be given"),
        ("list=[]", "list", "cannot be given"),
        ("packed=x", "packed", "cannot be given"),
        # unknown
        ("nothing=1", "nothing", "unknown"),
        ("nothing", "nothing", "unknown"),
        ("=v", "", "unknown"),
        ("Small=1", "Small", "unknown"),
        ("httpAddr=1", "httpAddr", "unknown"),
        ("httpaddr=1", "httpaddr", "unknown"),
        ("labels[a]=1", "labels[a]", "unknown"),
        ("labels.key=1", "labels.key", "unknown"),
        ("part.nothing=1", "part.nothing", "unknown"),
        ("part..name=1", "part..name", "unknown"),
        ("note.x=1", "note.x", "unknown"),
        ("parts.name=1", "parts.name", "unknown"),
        ("made_at.seconds=1", "made_at.seconds", "unknown"),
        ("part." + "inner." * 40 + "name=1", None, "unknown"),
    ],
)  # fmt: skip
def test_bad_query_is_refused_with_the_name(query: str, field: str | None, reason: str) -> None:
    with pytest.raises(MalformedRequest, match=reason) as caught:
        asked(query)
    if field is not None:
        assert caught.value.field == field


def test_error_never_repeats_a_value() -> None:
    for query in ("small=secret", "colour=secret", "made_at=secret", "data=se!cret"):
        with pytest.raises(MalformedRequest) as caught:
            asked(query)
        assert "secret" not in str(caught.value).replace("se!cret", "secret")


def test_long_unknown_name_is_cut_in_the_error() -> None:
    with pytest.raises(MalformedRequest) as caught:
        asked("x" * 10_000 + "=1")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("name", "values", "spell"),
    [
        ("small", st.integers(-(2**31), 2**31 - 1), str),
        ("large_positive", st.integers(0, 2**64 - 1), str),
        ("exact", st.floats(allow_nan=False, allow_infinity=False), repr),
    ],
)
def test_numbers_come_back(
    name: str, values: st.SearchStrategy[Any], spell: Callable[[Any], str]
) -> None:
    @given(values)
    def check(value: float) -> None:
        text = spell(value).replace("+", "%2B")
        assert getattr(asked(f"{name}={text}"), name) == value

    check()
