"""Blanks secrets before anything is stored.

What is secret, and where objects of a kind stand, the options of the protos say (`secret`,
`holds`): this is the one table for typed payloads and for text, and it goes as deep as they do.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from tidings.v1 import json_options_pb2 as options
from tidings.v1.json_runtime.canonical import Members, read, write
from tidings.v1.json_runtime.text import Json

# Letters that are spelled with escapes (A to Z, a to z), and the two signs beyond ASCII that Go's
# decoder calls an s and a k: a name may be another one than it seems.
# Source: Go encoding/json, foldName.
_ESCAPED = re.compile(rb"\\u(?:00[4-7]|017[fF]|212[aA])")
_FOLDED = ("\u017f".encode(), "\u212a".encode())

_NOTHING: tuple[Json, ...] = ("", None, [])


class _Rule(NamedTuple):
    """What is to be done about a field: it is a secret, or what is in it is of a kind with some."""

    field: FieldDescriptor
    inner: Descriptor | None  # None = it is the secret
    is_text: bool  # the kind's objects stand in it as JSON text: one, a list or a map of them
    is_map: bool
    is_dropped: bool


def blank_text(text: bytes, kind: Descriptor) -> bytes:
    """Return the valid JSON text of a kind of object, or of several, without secrets.

    The very same bytes come back when it has none. Names count in any case, as Go's decoder takes
    them, repeated ones each, and a list around an object hides nothing. JSON text inside of strings
    is not searched. When the text is written anew, members, their order and numbers stay as they
    were.

    Raises:
        JsonError: it is not JSON; a text that names no secret is not looked at.
    """
    if not _is_disguised(text) and not _is_suspicious(text.lower(), kind):
        return text
    value = read(text)
    return write(value) if _blank(value, kind) else text


def _is_disguised(text: bytes) -> bool:
    if _ESCAPED.search(text):
        return True
    return not text.isascii() and any(sign in text for sign in _FOLDED)


def _is_suspicious(lowered: bytes, kind: Descriptor) -> bool:
    """Say whether a text in lower case has the name of a secret that is not empty, anywhere.

    Nearly no text has nearly any of the names, and fixed text is found in a third of the time that
    a pattern takes to find nothing.
    """
    return any(name in lowered and filled.search(lowered) for name, filled in _suspicions(kind))


@functools.cache
def _suspicions(kind: Descriptor) -> list[tuple[bytes, re.Pattern[bytes]]]:
    """Return the name of each secret in quotes, and what matches it where it is not empty."""
    names = sorted({_folded(rule) for rule in _rules_below(kind) if rule.inner is None})
    empty = r'""|null|\{\s*+\}|\[\s*+\]'
    return [
        (f'"{name}"'.encode(), re.compile(rf'"{re.escape(name)}"\s*+:\s*+(?!{empty})'.encode()))
        for name in names
    ]


def _folded(rule: _Rule) -> str:
    return rule.field.json_name.casefold()


@functools.cache
def _rules_by_name(kind: Descriptor) -> dict[str, _Rule]:
    return {_folded(rule): rule for rule in _rules(kind)}


def _blank(value: Json, kind: Descriptor) -> bool:
    """Blank what is secret in an object of a kind, or in a list of such; say whether any was."""
    changed = False
    if not isinstance(value, Members):
        for item in value if isinstance(value, list) else ():
            changed |= _blank(item, kind)
        return changed
    rules = _rules_by_name(kind)
    dropped: set[int] = set()
    for place, (name, inner) in enumerate(value):
        rule = rules.get(name.casefold())
        if rule is None or inner in _NOTHING:
            continue
        if rule.inner is not None:
            changed |= _blank(inner, rule.inner)
            if (rule.is_map or rule.is_text) and isinstance(inner, Members):
                for _, one in inner:
                    changed |= _blank(one, rule.inner)
        elif rule.is_dropped:
            dropped.add(place)
        else:
            blank, is_changed = _blanked(inner, rule)
            value[place] = (name, blank)
            changed |= is_changed
    if dropped:
        value[:] = [member for place, member in enumerate(value) if place not in dropped]
    return changed or bool(dropped)


def _blanked(secret: Json, rule: _Rule) -> tuple[Json, bool]:
    """Return what stands in a secret's place, of its form, and whether that is anything else."""
    if not rule.is_map:
        return ([] if rule.field.is_repeated and isinstance(secret, list) else ""), True
    if not isinstance(secret, Members):
        return None, True
    is_changed = any(each not in _NOTHING for _, each in secret)
    return Members((key, "" if each is not None else None) for key, each in secret), is_changed


def blank_message(message: Message) -> bool:
    """Blank the secrets of a message in place, and say whether there were any."""
    rules = _rules_by_number(cast("Descriptor", message.DESCRIPTOR))
    had_any = False
    # what is set, not what could be: a payload has a dozen kinds of objects and holds one
    for field, value in message.ListFields():
        rule = rules.get(field.number)
        if rule is None:
            continue
        if rule.inner is None:
            had_any |= _blank_field(message, value, rule)
        elif rule.is_text:
            text = blank_text(value, rule.inner)
            had_any |= text is not value
            setattr(message, field.name, text)
        else:
            for one in _messages(value, rule):
                had_any |= blank_message(one)
    return had_any


@functools.cache
def _rules_by_number(kind: Descriptor) -> dict[int, _Rule]:
    return {rule.field.number: rule for rule in _rules(kind)}


def _messages(value: Any, rule: _Rule) -> Iterator[Message]:  # noqa: ANN401 - as the field is
    if rule.is_map:
        return (value[name] for name in value)
    return iter(value if rule.field.is_repeated else (value,))


def _blank_field(message: Message, value: Any, rule: _Rule) -> bool:  # noqa: ANN401 - as above
    if not rule.is_map or rule.is_dropped:
        message.ClearField(rule.field.name)
        return True
    secrets = [name for name in value if value[name]]
    for name in secrets:
        value[name] = ""
    return bool(secrets)


def secret_fields(kind: Descriptor) -> frozenset[str]:
    """Return the full names of the fields that `blank_message` may change in such a message."""
    return frozenset(
        rule.field.full_name for rule in _rules_below(kind) if rule.inner is None or rule.is_text
    )


def _rules_below(kind: Descriptor) -> Iterator[_Rule]:
    """Yield the rules of a kind and of all kinds that stand inside of it."""
    seen: set[Descriptor] = set()
    waiting = [kind]
    while waiting:
        each = waiting.pop()
        if each in seen:
            continue
        seen.add(each)
        for rule in _rules(each):
            yield rule
            if rule.inner is not None:
                waiting.append(rule.inner)


@functools.cache
def _rules(kind: Descriptor) -> tuple[_Rule, ...]:
    """Return what is to be done about an object of a kind: nothing about most of its fields."""
    found = []
    for field in kind.fields:
        is_map, inner = _form(field)
        is_secret = _says(field, options.secret)
        if is_secret or (inner is not None and _holds_any(inner)):
            is_dropped = is_secret and is_map and _says(field, options.omit_empty)
            is_text = _says(field, options.raw_json)
            found.append(_Rule(field, None if is_secret else inner, is_text, is_map, is_dropped))
    return tuple(found)


def _form(field: FieldDescriptor) -> tuple[bool, Descriptor | None]:
    """Return whether a field is a map, and the kind of what is in it, as a message or as text."""
    kind = field.message_type
    if kind is None:
        assert field.containing_type is not None
        file, name = field.containing_type.file, field.GetOptions().Extensions[options.holds]
        return False, file.pool.FindMessageTypeByName(f"{file.package}.{name}") if name else None
    if kind.GetOptions().map_entry:
        return True, kind.fields_by_name["value"].message_type
    return False, kind


@functools.cache
def _holds_any(kind: Descriptor) -> bool:
    """Say whether objects of a kind may hold a secret; no kind of ours stands inside of itself."""
    for field in kind.fields:
        _, inner = _form(field)
        if _says(field, options.secret) or (inner is not None and _holds_any(inner)):
            return True
    return False


def _says(field: FieldDescriptor, option: Any) -> bool:  # noqa: ANN401 - an extension has no type
    return bool(field.GetOptions().Extensions[option])
