"""What a JSON text may hold for its length."""

from __future__ import annotations

import json

import pytest

from tidings.core.errors import BadRequest
from tidings.core.limits import MIB
from tidings.dialects.density import check_density
from tidings.dialects.rules import check_object

DENSE = {
    "arrays": b'{"a":[' + b"[]," * MIB + b"[]]}",
    "objects": b'{"a":[' + b"{}," * MIB + b"{}]}",
    "nested": b'{"a":' + b"[" * MIB + b"]" * MIB + b"}",
    "numbers": b'{"a":[' + b"1," * MIB + b"1]}",
    "members": b"{" + b'"a":1,' * MIB + b'"b":1}',
    "no JSON": b"[" * MIB,
}


@pytest.mark.parametrize("text", DENSE.values(), ids=DENSE)
def test_what_is_dense_is_refused(text: bytes) -> None:
    with pytest.raises(BadRequest, match="x: holds more values than a text of its length may"):
        check_object(text, "x")


HONEST = {
    "short": json.dumps({"a": [[]] * 15_000}).encode(),
    "brackets in a text": json.dumps({"Data": '{{[[,,\\"{{[[' * 200_000}).encode(),
    "a job": json.dumps(
        {"TaskGroups": [{"Name": f"g{n}", "Count": 1, "Tasks": [{}]} for n in range(60_000)]}
    ).encode(),
    "numbers": json.dumps({"a": list(range(100_000, 250_000))}).encode(),
}


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST)
def test_what_is_not_dense_is_not(text: bytes) -> None:
    check_density(text, "x")
    check_object(text, "x")
    assert len(text) > 50_000


def test_a_text_that_does_not_end_is_counted_as_well() -> None:
    text = b'{"a":"' + b"{" * MIB
    with pytest.raises(BadRequest, match="x"):
        check_object(text, "x")
