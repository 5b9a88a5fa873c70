"""What differs between two JSON values, as pairs of texts at JSON Pointers; pure."""

from __future__ import annotations

from collections.abc import Iterator
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


def changes(old: Json, new: Json, pointer: str = "") -> Iterator[Change]:
    """Yield what differs between two values as `loads_exactly` returns them.

    Members come in the order of their names. Objects are compared member by member, lists element
    by element at equal places. Numbers are equal only where they are written alike. `pointer` leads
    to both.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            is_in_both = name in old and name in new
            if is_in_both and _are_alike(old[name], new[name]):
                continue  # as most are, and a pointer to each would be most of the work
            at = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            if is_in_both and not _PLAIN.issuperset((type(old[name]), type(new[name]))):
                yield from changes(old[name], new[name], at)
            else:
                yield Change(at, _text(old, name), _text(new, name))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _of_lists(old, new, pointer)
    elif not _are_alike(old, new):
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


def _are_alike(old: Json, new: Json) -> bool:
    """Say whether two values are plain and equal; others may be equal as well."""
    return type(old) is type(new) and type(old) in _PLAIN and old == new


def _text(members: dict[str, Json], name: str) -> str:
    return _json(members[name]) if name in members else ""


def _json(value: Json) -> str:
    if isinstance(value, msgspec.Raw):
        return bytes(value).decode()
    return json_runtime.dumps(value).decode()
