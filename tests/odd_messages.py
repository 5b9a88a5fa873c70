"""Messages that a legal client may send and hardly any does: made from descriptors, by a seed.

`odd` makes one of nothing; `bend` changes a few places of one that is good, so that most of it
still is and gets past the first check.
"""

from __future__ import annotations

import functools
import random
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

_TEXTS = (
    "",
    " ",
    "a",
    "352",
    "0352",
    "-1",
    "+1",
    "\u0661\u0662",
    "latest",
    "*",
    "a:b",
    '"\\/\b\f\n\r\t\x00\x7f\x9b\u202e',
    "<&>\u2028\u2029\x85",
    "\U0001f600\ufffe",
    "..",
    "/api/app/v1/me/stack/7/",
    "/api/audit/v1/action/x/",
    "9" * 5000,
    "x" * 700,
    "[[:[:",
    "Healthy",
    "error",
    "job_finished",
)
_BYTES = (
    b"",
    b"\x00",
    b"{}",
    b"[]",
    b"{",
    b"null",
    b'{"a":NaN}',
    b'{"a":1e999}',
    b'{"a":1,"a":2}',
    b'{"SecretID":"x","Job":{"VaultToken":["y"]}}',
    b'{"Job":{"ID":7}}',
    b'{"Node":{"Events":[{"Timestamp":"2024-02-30T00:00:00Z"}]}}',
    b'{"AuthMethod":{"MaxTokenTTL":"8h0m0s"}}',
    b'{"\xed\xa0\x80":0}',
    b'{"x":"\\ud800"}',
    b"\xef\xbb\xbf{}",
    b'{"a":' + b"[" * 300 + b"]" * 300 + b"}",
    b'{"n":' + b"9" * 5000 + b"}",
    b"\xff\xfe",
)
_SECONDS = (0, 1, -1, 315576000000, 315576000001, -62135596801, 253402300800, 2**63 - 1, -(2**63))
_NANOS = (0, 1, -1, 500_000_000, 999_999_999, 1_000_000_000, 2_000_000_000, -999_999_999, -(2**31))
_INTEGERS = (0, 1, 2, -1, 255, 2**31 - 1, -(2**31), 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1)
_NUMBERS = (0.0, -0.0, 1.5, float("nan"), float("inf"), float("-inf"), 1e308, 5e-324)

_UNKNOWN = b"\x92\x3f\x03odd"  # field 1010, which no message has
_MAX_DEPTH = 6

_SIGNED = {FieldDescriptor.CPPTYPE_INT32: 31, FieldDescriptor.CPPTYPE_INT64: 63}
_UNSIGNED = {FieldDescriptor.CPPTYPE_UINT32: 32, FieldDescriptor.CPPTYPE_UINT64: 64}


def odd(kind: Descriptor, rng: random.Random, depth: int = 0) -> Any:
    """Return a message with some of its fields set to odd values."""
    message = GetMessageClass(kind)()
    if kind.full_name in ("google.protobuf.Timestamp", "google.protobuf.Duration"):
        if rng.random() < 0.5:  # one that may pass: of this very minute, or short
            return GetMessageClass(kind)(seconds=rng.choice((0, 1)), nanos=rng.choice((0, 1000)))
        return GetMessageClass(kind)(seconds=rng.choice(_SECONDS), nanos=rng.choice(_NANOS))
    for field in kind.fields:
        if rng.random() < (0.4 if depth < _MAX_DEPTH else 0.0):
            _set(message, field, rng, depth)
    if rng.random() < 0.1:
        message.MergeFromString(_UNKNOWN)
    return message


def bend(message: Message, rng: random.Random, times: int) -> None:
    """Set this many places in a message, wherever inside of it they are, to odd values."""
    for _ in range(times):
        holder: Any = message
        field: FieldDescriptor
        ways = [way for way in _ways(holder.DESCRIPTOR) if holder.HasField(way[0].name)]
        if ways and rng.random() < 0.5:
            *way, field = rng.choice(ways)
            for step in way:
                holder = getattr(holder, step.name)
        else:
            while True:
                field = rng.choice(holder.DESCRIPTOR.fields)
                is_one = field.message_type is not None and not field.is_repeated
                if not is_one or not holder.HasField(field.name) or rng.random() < 0.1:
                    break
                holder = getattr(holder, field.name)
        _set(holder, field, rng, 2)


@functools.cache
def _ways(kind: Descriptor) -> tuple[tuple[FieldDescriptor, ...], ...]:
    """Return the ways to the values that have a form of their own in JSON: times and numbers."""
    found: list[tuple[FieldDescriptor, ...]] = []
    for field in kind.fields:
        inner = field.message_type
        if inner is None:
            if field.cpp_type == FieldDescriptor.CPPTYPE_DOUBLE:
                found.append((field,))
        elif inner.file.package == "google.protobuf":
            found.append((field,))
        elif not field.is_repeated:
            found += [(field, *way) for way in _ways(inner)]
    return tuple(found)


def _set(message: Any, field: FieldDescriptor, rng: random.Random, depth: int) -> None:
    kind = field.message_type
    place = getattr(message, field.name)
    if kind is not None and kind.GetOptions().map_entry:
        value = kind.fields_by_name["value"]
        for _ in range(rng.randrange(3)):
            name = rng.choice(_TEXTS)
            if value.message_type is None:
                place[name] = _scalar(value, rng)
            else:
                place[name].CopyFrom(odd(value.message_type, rng, depth + 1))
    elif field.is_repeated:
        for _ in range(rng.randrange(3)):
            if kind is None:
                place.append(_scalar(field, rng))
            else:
                place.add().CopyFrom(odd(kind, rng, depth + 1))
    elif kind is None:
        setattr(message, field.name, _scalar(field, rng))
    else:
        place.SetInParent()
        place.CopyFrom(odd(kind, rng, depth + 1))


def _scalar(field: FieldDescriptor, rng: random.Random) -> Any:
    if field.enum_type is not None:
        return rng.choice((0, 1, 2, 7, 99, -1))
    if field.type == FieldDescriptor.TYPE_BYTES:
        return rng.choice(_BYTES)
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return rng.choice(_TEXTS)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return rng.random() < 0.5
    if field.cpp_type in _SIGNED:
        bound = 2 ** _SIGNED[field.cpp_type]
        return rng.choice([number for number in _INTEGERS if -bound <= number < bound])
    if field.cpp_type in _UNSIGNED:
        bound = 2 ** _UNSIGNED[field.cpp_type]
        return rng.choice([number for number in _INTEGERS if 0 <= number < bound])
    return rng.choice(_NUMBERS)
