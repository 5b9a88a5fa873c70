"""Blanks secrets before anything is stored."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from tidings.v1.json_runtime.canonical import Members, read, write
from tidings.v1.json_runtime.text import Json

# Letters that are spelled with escapes (A to Z, a to z), and the two signs beyond ASCII that Go's
# decoder calls an s and a k: a name may be another one than it seems.
# Source: Go encoding/json, foldName.
_ESCAPED = re.compile(rb"\\u(?:00[4-7]|017[fF]|212[aA])")
_FOLDED = ("\u017f".encode(), "\u212a".encode())

_NOTHING: tuple[Json, ...] = ("", None, [])


class Secret(NamedTuple):
    """Where a secret is: the path of member names, and of field names; "*" = every value of a map.

    It becomes "", or goes altogether when `dropped`.
    """

    members: tuple[str, ...]
    fields: tuple[str, ...]
    dropped: bool = False


def blank_text(text: bytes, secrets: tuple[Secret, ...]) -> bytes:
    """Return a valid JSON text without its secrets; the very same bytes when it has none.

    Names count in any case, as Go's decoder takes them, repeated ones each, and a list around an
    object hides nothing. JSON text inside of strings is not searched. When the text is written
    anew, members, their order and numbers stay as they were.

    Raises:
        JsonError: it is not JSON; a text that names no secret is not looked at.
    """
    if not _is_disguised(text) and not _is_suspicious(text.lower(), secrets):
        return text
    value = read(text)
    had_any = [_blank(value, path, every=every, drop=drop) for path, every, drop in _ways(secrets)]
    return write(value) if any(had_any) else text


def _is_disguised(text: bytes) -> bool:
    if _ESCAPED.search(text):
        return True
    return not text.isascii() and any(sign in text for sign in _FOLDED)


def _is_suspicious(lowered: bytes, secrets: tuple[Secret, ...]) -> bool:
    """Say whether a text in lower case has the name of a secret that is not empty, anywhere.

    Nearly no text has nearly any of the names, and fixed text is found in a third of the time that
    a pattern takes to find nothing.
    """
    return any(name in lowered and filled.search(lowered) for name, filled in _suspicions(secrets))


@functools.cache
def _suspicions(secrets: tuple[Secret, ...]) -> list[tuple[bytes, re.Pattern[bytes]]]:
    """Return the name of each secret in quotes, and what matches it where it is not empty."""
    names = sorted({path[-1] for path, _, _ in _ways(secrets)})
    empty = r'""|null|\{\s*+\}'
    return [
        (f'"{name}"'.encode(), re.compile(rf'"{re.escape(name)}"\s*+:\s*+(?!{empty})'.encode()))
        for name in names
    ]


@functools.cache
def _ways(secrets: tuple[Secret, ...]) -> list[tuple[tuple[str, ...], bool, bool]]:
    """Return for each secret its path of folded names, whether it is a map, whether it goes."""
    ways = []
    for each in secrets:
        path = tuple(name.casefold() for name in each.members if name != "*")
        ways.append((path, "*" in each.members, each.dropped))
    return ways


def _blank(value: Json, path: Sequence[str], *, every: bool, drop: bool) -> bool:
    """Blank what `path` leads to, each value of it if `every`; say whether there was any."""
    changed = False
    if not isinstance(value, Members):
        for item in value if isinstance(value, list) else ():
            changed |= _blank(item, path, every=every, drop=drop)
        return changed
    dropped: set[int] = set()
    for place, (name, inner) in enumerate(value):
        if name.casefold() != path[0] or inner in _NOTHING:
            continue
        if len(path) > 1:
            changed |= _blank(inner, path[1:], every=every, drop=drop)
        elif drop:
            dropped.add(place)
        elif every and isinstance(inner, Members):
            changed |= any(each not in _NOTHING for _, each in inner)
            inner[:] = [(key, "" if each is not None else None) for key, each in inner]
        else:
            value[place] = (name, None if every else "")
            changed = True
    if dropped:
        value[:] = [member for place, member in enumerate(value) if place not in dropped]
    return changed or bool(dropped)


def blank_message(message: Message, secrets: tuple[Secret, ...]) -> bool:
    """Blank the secrets of a message in place, and say whether there were any."""
    had_any = False
    paths = _paths(secrets)
    # what is set, not what could be: a payload has a dozen kinds of objects and holds one
    for field, value in message.ListFields():
        for is_inside, path in paths.get(field.name, ()):
            had_any |= _blank_field(value if is_inside else message, path)
    return had_any


def secret_fields(message: Descriptor, secrets: tuple[Secret, ...]) -> frozenset[str]:
    """Return the full names of the fields that `blank_message` looks for in such a message."""
    names = set()
    for secret in secrets:
        inside = message
        *way, last = (name for name in secret.fields if name != "*")
        for name in way:
            inner = inside.fields_by_name[name].message_type
            assert inner is not None, "the way to a secret leads through messages"
            inside = inner
        names.add(inside.fields_by_name[last].full_name)
    return frozenset(names)


@functools.cache
def _paths(secrets: tuple[Secret, ...]) -> dict[str, list[tuple[bool, tuple[str, ...]]]]:
    """Return the secrets' paths of field names by the field that each begins with.

    True: the secret is inside of that field's message, and the path goes on from there.
    """
    paths: dict[str, list[tuple[bool, tuple[str, ...]]]] = {}
    for secret in secrets:
        first, *rest = secret.fields
        is_inside = rest not in ([], ["*"])
        path = tuple(rest) if is_inside else secret.fields
        paths.setdefault(first, []).append((is_inside, path))
    return paths


def _blank_field(message: Message, path: Sequence[str]) -> bool:
    inner: Any = message
    every = path[-1] == "*"
    *way, last = path[:-1] if every else path
    for name in way:
        if not inner.HasField(name):
            return False
        inner = getattr(inner, name)
    value = getattr(inner, last)
    if not value:
        return False
    if not every:
        inner.ClearField(last)
        return True
    secrets = [name for name in value if value[name]]
    for name in secrets:
        value[name] = ""
    return bool(secrets)
