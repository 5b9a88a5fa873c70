"""What can be asked of an index about objects: who they are, in numbers, and how they were."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

_SEPARATOR = "\0"
_BYTES = 8
_REMEMBERED = 16_384  # most events tell of what others have told of


class ObjectGroup(NamedTuple):
    """What many objects have in common."""

    system: str
    kind: str
    namespace: str
    source: str


class StateQuestion(NamedTuple):
    """Which objects there were before a position, exclusive, and as they were then.

    `is_wanted` says it of all that have these in common; without statuses any will do.
    """

    is_wanted: Callable[[ObjectGroup], bool]
    statuses: frozenset[str]
    before_seq: int


class Newest(NamedTuple):
    """The record that carries the newest version of an object, which its number stands for."""

    seq: int
    number: int


@lru_cache(maxsize=_REMEMBERED)
def object_number(group: ObjectGroup, object_id: str) -> int:
    """Return a number that stands for an object, and for no other but by chance.

    Of 64 bits with a sign, as SQLite keeps them: of a million objects two share one about never.
    """
    return _number("object", *group, object_id)


@lru_cache(maxsize=_REMEMBERED)
def name_number(system: str, kind: str, text: str) -> int:
    """Return a number that stands for an id or a name of objects of a kind."""
    return _number("name", system, kind, text)


def _number(*parts: str) -> int:
    text = _SEPARATOR.join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=_BYTES).digest(), "big", signed=True)
