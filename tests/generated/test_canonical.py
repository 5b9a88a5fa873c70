"""Equal JSON texts share one canonical form; compacting changes white space alone."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.v1 import json_runtime as rt


class Written(str):
    """A number's own spelling."""

    __slots__ = ()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["-0", "-0.0", "1.0", "1.50", "1e3", "1E+3", "1e-07", "10e-1"]),
).map(Written)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
SPACES = ("", "", " ", "\n", "\t", "\r\n", "  \n ")


def spelled(value: Any, rng: random.Random) -> str:
    """Return one of the many texts of a value: members, white space and escapes are chance's."""

    def space() -> str:
        return rng.choice(SPACES)

    if isinstance(value, Written):
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(letter(each, rng) for each in value) + '"'
    if isinstance(value, list):
        return f"[{space()}" + f"{space()},{space()}".join(spelled(i, rng) for i in value) + "]"
    if isinstance(value, dict):
        names = list(value)
        rng.shuffle(names)
        inside = [f"{spelled(n, rng)}{space()}:{space()}{spelled(value[n], rng)}" for n in names]
        return f"{{{space()}" + f"{space()},{space()}".join(inside) + f"{space()}}}"
    return json.dumps(value)


def letter(each: str, rng: random.Random) -> str:
    spellings = [json.dumps(each)[1:-1]]
    if ord(each) >= 0x20 and each not in '"\\':
        spellings.append(each)
    if each == "/":
        spellings.append("\\/")
    units = each.encode("utf-16-be")
    pairs = [units[i : i + 2].hex() for i in range(0, len(units), 2)]
    spellings.append("".join(f"\\u{pair}" for pair in pairs))
    spellings.append("".join(f"\\u{pair.upper()}" for pair in pairs))
    return rng.choice(spellings)


@settings(max_examples=200)
@given(value=VALUES, seed=st.integers(0, 2**32 - 1))
def test_order_white_space_and_escapes_do_not_matter(value: Any, seed: int) -> None:
    rng = random.Random(seed)
    one, other = spelled(value, rng).encode(), spelled(value, rng).encode()
    form = rt.canonical(one)
    assert rt.canonical(other) == form
    assert rt.canonical(form) == form
    assert b"\n" not in form
    assert rt.loads(form) == rt.loads(one)


@settings(max_examples=100)
@given(value=VALUES, seed=st.integers(0, 2**32 - 1))
def test_the_form_ends_and_begins_like_the_value(value: Any, seed: int) -> None:
    text = spelled([value], random.Random(seed)).encode()
    assert rt.canonical(text) == b"[" + rt.canonical(text[1:-1]) + b"]"


SAME_NUMBER = ["1", "1.0", "1.00", "1e0", "1E0", "1e+0", "10e-1", "0.1e1", "100e-2"]
ZEROS = ["0", "-0", "0.0", "-0.0", "0e0", "0E5", "0.00"]
LONG = ["0.1", "0.10", "0.1000000000000000055", "0.10000000000000001"]


@pytest.mark.parametrize("spellings", [SAME_NUMBER, ZEROS, LONG], ids=["one", "zero", "tenth"])
@pytest.mark.parametrize("around", ["%s", "[%s]", '{"a":%s}', ' {"b" : [ %s , "-0" ] } '])
def test_numbers_differ_as_they_are_written(spellings: list[str], around: str) -> None:
    forms = {rt.canonical((around % each).encode()) for each in spellings}
    assert len(forms) == len(spellings)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (b'{"b":1,"a":2}', b'{"a":2,"b":1}'),
        (b" [ 1 , 2 ] ", b"[1,2]"),
        (b'{"a":{"d":1.50,"c":-0}}', b'{"a":{"c":-0,"d":1.50}}'),
        (b'"\\u0041\\/"', b'"A/"'),
        (b'"<\\u003c>"', b'"<<>"'),
        (
            '{"\U0001f600":1,"\uffff":2,"é":3,"z":4}'.encode(),
            '{"z":4,"é":3,"\uffff":2,"\U0001f600":1}'.encode(),
        ),
        (b"123456789012345678901234567890", b"123456789012345678901234567890"),
        (b'"a -0 b"', b'"a -0 b"'),
        (b"null", b"null"),
    ],
)
def test_canonical_table(text: bytes, form: bytes) -> None:
    assert rt.canonical(text) == form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a":1}', b'{"a":"1"}'),
        (b'{"a":null}', b"{}"),
        (b"[1,2]", b"[2,1]"),
        (b'{"a":""}', b'{"a":null}'),
        (b'{"A":1}', b'{"a":1}'),
        (b'"\\u00e9"', b'"e\\u0301"'),
        (b"[[]]", b"[]"),
        (b"{}", b"[]"),
    ],
)
def test_different_values_have_different_forms(one: bytes, other: bytes) -> None:
    assert rt.canonical(one) != rt.canonical(other)


_STRING_OR_SPACE = re.compile(rb'"(?:[^"\\]|\\.)*"|[ \t\r\n]+', re.DOTALL)


def without_spaces(text: bytes) -> bytes:
    """Drop white space outside of strings, the plain way."""
    return _STRING_OR_SPACE.sub(lambda m: m[0] if m[0][:1] == b'"' else b"", text)


@settings(max_examples=200)
@given(value=VALUES, seed=st.integers(0, 2**32 - 1))
def test_compacting_keeps_every_byte_outside_of_white_space(value: Any, seed: int) -> None:
    text = spelled(value, random.Random(seed)).encode()
    compacted = rt.compact(text)
    one_line = b"\n" not in text and b"\r" not in text
    assert compacted == (text if one_line else without_spaces(text))
    assert b"\n" not in compacted
    assert b"\r" not in compacted


def test_a_text_on_one_line_is_not_even_copied() -> None:
    text = b'{ "a" : 1 }'
    assert rt.compact(text) is text


def test_raw_text_is_spliced_without_a_change() -> None:
    exact = b'{ "b":1.50, "a":"\\u003c\\/", "a":-0 }'
    assert rt.dumps({"x": rt.raw(exact), "y": rt.raw(b"")}) == b'{"x":' + exact + b',"y":null}'
    assert rt.dumps([rt.raw(b'[1,\n "a\\n b"]')]) == b'[[1,"a\\n b"]]'
