"""The middle way in: takes out what a newer system says and these types do not know.

Text of members that are kept as text stays the same JSON, with its numbers as written; white space,
escapes and repeated names in it may go.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from google.protobuf.descriptor import Descriptor

from tidings.v1.json_runtime.fit import Lost, inside, known_fields
from tidings.v1.json_runtime.text import Json


class _Known(NamedTuple):
    """Names of an object's members; those that hold objects, their kind, and whether by name."""

    names: frozenset[str]
    holders: tuple[tuple[str, Descriptor, bool], ...]


def prune(value: Json, message: Descriptor, lost: Lost, path: str = "") -> None:
    """Take unknown members out of a parsed object, in place; those that are not null go to `lost`.

    What has a wrong type is left as it is.
    """
    if type(value) is not dict:
        return
    known = _known(message)
    for name in value.keys() - known.names:
        if value.pop(name) is not None:
            lost.append(inside(path, name))
    for name, inner, is_map in known.holders:
        held = value.get(name)
        if held is not None:
            _prune_inside(held, inner, lost, inside(path, name), is_map=is_map)


def _prune_inside(held: Json, inner: Descriptor, lost: Lost, path: str, *, is_map: bool) -> None:
    if type(held) is list:
        for place, item in enumerate(held):
            prune(item, inner, lost, f"{path}[{place}]")
    elif is_map and type(held) is dict:
        for name, item in held.items():
            prune(item, inner, lost, inside(path, name))
    else:
        prune(held, inner, lost, path)


@functools.cache
def _known(message: Descriptor) -> _Known:
    fields = known_fields(message)
    holders = []
    for field in fields:
        kind, is_map = field.message_type, False
        if kind is not None and kind.GetOptions().map_entry:
            kind, is_map = kind.fields_by_name["value"].message_type, True
        if kind is not None and kind.file.package == message.file.package:
            holders.append((field.json_name, kind, is_map))
    return _Known(frozenset(field.json_name for field in fields), tuple(holders))
