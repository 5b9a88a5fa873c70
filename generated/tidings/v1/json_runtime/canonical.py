"""The one form that equal JSON texts share, for keys and digests."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable

import msgspec

from tidings.v1.json_runtime.errors import JsonError, explained
from tidings.v1.json_runtime.text import PARSER_ERRORS, Json, check_depth, loads

# A false alarm, inside a string, costs only time.
_MINUS_ZERO = re.compile(rb"-0(?![^\s,\]}])(?<![^\s,:\[]-0)")


def canonical(text: bytes) -> bytes:
    """Return the canonical form of a JSON text.

    Members sorted by code points, no white space, numbers exactly as they are written, strings in
    one spelling, of equal names the last. Texts that differ in none of these have equal forms.

    Raises:
        JsonError: it is not JSON (see `loads`).
    """
    if has_minus_zero(text):
        return write(read(text), in_order=_sorted)
    return _write_sorted(loads_exactly(text))


def has_minus_zero(text: bytes) -> bool:
    """Say whether an integer may be written as -0, which `loads_exactly` returns as 0."""
    return _MINUS_ZERO.search(text) is not None


def loads_exactly(text: bytes) -> Json:
    """Return the value of a JSON text, each float as `raw`.

    Raises:
        JsonError: it is not JSON (see `loads`).
    """
    try:
        value = _parse(text)
    except PARSER_ERRORS as error:
        raise explained(error) from None
    check_depth(text, value)
    return value


def _as_written(number: str) -> msgspec.Raw:
    if math.isinf(float(number)):
        raise JsonError("", "Number out of range")
    return msgspec.Raw(number.encode())


_parse = msgspec.json.Decoder(float_hook=_as_written).decode
_write_sorted = msgspec.json.Encoder(order="sorted").encode


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


class Members(list[tuple[str, Json]]):
    """The members of an object in their order, with the repeated ones."""


def read(text: bytes) -> Json:
    """Return a value that `write` writes as it was: objects as `Members`, numbers as written.

    Raises:
        JsonError: it is not JSON (see `loads`).
    """
    loads(text)  # Python's own parser is laxer
    return json.loads(text, parse_int=_Number, parse_float=_Number, object_pairs_hook=Members)


def write(
    value: Json, in_order: Callable[[Members], Iterable[tuple[str, Json]]] = lambda members: members
) -> bytes:
    """Return compact JSON of what `read` returned, members as `in_order` puts them."""
    if isinstance(value, Members):
        inside = [
            msgspec.json.encode(name) + b":" + write(item, in_order)
            for name, item in in_order(value)
        ]
        return b"{" + b",".join(inside) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join([write(item, in_order) for item in value]) + b"]"
    return value.encode() if isinstance(value, _Number) else msgspec.json.encode(value)


def _sorted(members: Members) -> list[tuple[str, Json]]:
    return sorted(dict(members).items())  # of equal names the last
