"""What differs between two JSON values, as pairs of texts at JSON Pointers; pure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import msgspec

from tidings.v1 import json_runtime
from tidings.v1.json_runtime import Json

_PLAIN = frozenset({str, int, bool, type(None)})
"""Of these, equal values of one type are written alike."""


class Change(NamedTuple):
    """A value that is not what it was, as JSON texts; "" = there is, or was, none.

    `pointer` is a JSON Pointer (RFC 6901); "" is the whole.
    """

    pointer: str
    old: str
    new: str


_new_change = partial(tuple.__new__, Change)  # a Python class takes twice as long to construct


def changes(old: Json, new: Json, pointer: str = "") -> Iterator[Change]:
    """Yield what differs between two values as `loads_exactly` returns them.

    Members come in the order of their names. Objects are compared member by member, lists element
    by element at equal places. Numbers are equal only where they are written alike. `pointer` leads
    to both.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        # most are alike, and a pointer to each would be most of the work
        maybe = [
            name
            for name, value in old.items()
            if name not in new
            or type(value) not in _PLAIN
            or type(value) is not type(new[name])
            or value != new[name]
        ]
        if old.keys() != new.keys():
            maybe += [name for name in new if name not in old]
        for name in sorted(maybe):
            at = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            is_in_both = name in old and name in new
            if is_in_both and not _PLAIN.issuperset((type(old[name]), type(new[name]))):
                yield from changes(old[name], new[name], at)
            else:
                yield _new_change((at, _text(old, name), _text(new, name)))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _of_lists(old, new, pointer)
    elif type(old) is not type(new) or type(old) not in _PLAIN or old != new:
        before, after = _json(old), _json(new)
        if before != after:
            yield Change(pointer, before, after)


def _of_lists(old: list[Json], new: list[Json], pointer: str) -> Iterator[Change]:
    for place, (before, after) in enumerate(zip(old, new, strict=False)):
        yield from changes(before, after, f"{pointer}/{place}")
    for place in range(len(new), len(old)):
        yield Change(f"{pointer}/{place}", _json(old[place]), "")
    for place in range(len(old), len(new)):
        yield Change(f"{pointer}/{place}", "", _json(new[place]))


def _text(members: dict[str, Json], name: str) -> str:
    return _json(members[name]) if name in members else ""


def _json(value: Json) -> str:
    if isinstance(value, msgspec.Raw):
        return bytes(value).decode()
    return json_runtime.dumps(value).decode()
