"""Blanks secrets before anything is stored.

What is secret, and where objects of a kind stand, the options of the protos say (`secret`,
`holds`): this is the one table for typed payloads and for text, and it goes as deep as they do.
Below members that no proto has, an object's kind is known by the name of the member that it is in.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from google.protobuf import empty_pb2
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

# What stands where the protos say nothing: of such an object no member is known.
_UNKNOWN: Descriptor = empty_pb2.Empty.DESCRIPTOR

_Kinds = frozenset[Descriptor]


class _Rule(NamedTuple):
    """What is to be done about a field: it is a secret, or what is in it is of a kind with some."""

    field: FieldDescriptor
    inner: Descriptor | None  # None = it is the secret
    is_text: bool  # the kind's objects stand in it as JSON text: one, a list or a map of them
    is_map: bool
    is_dropped: bool


def blank_text(text: bytes, kind: Descriptor, root: Descriptor | None = None) -> bytes:
    """Return the valid JSON text of a kind of object, or of several, without secrets.

    The root is the kind of the payload that the text stands in; None = the text is the payload.
    Whatever the protos do not describe is searched for members that are named as those of a
    payload, at any depth, in which objects of its kinds stand.

    The very same bytes come back when it has none. Names count in any case, as Go's decoder takes
    them, repeated ones each, and a list around an object hides nothing. JSON text inside of strings
    is not searched. When the text is written anew, members, their order and numbers stay as they
    were.

    Raises:
        JsonError: it is not JSON; a text that names no secret is not looked at.
    """
    root = root or kind
    if not _is_disguised(text) and not _is_suspicious(text.lower(), root):
        return text
    value = read(text)
    kinds = frozenset((kind,))
    maps = frozenset() if root is kind else kinds  # a payload is one object
    return write(value) if _blank(value, kinds, maps, root) else text


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
def _rules_by_name(kinds: _Kinds) -> dict[str, list[_Rule]]:
    """Return what the protos say of each member of an object that is of any of these kinds."""
    found: dict[str, list[_Rule]] = {}
    for kind in kinds:
        for rule in map(_rule, kind.fields):
            found.setdefault(_folded(rule), []).append(rule)
    return found


@functools.cache
def _rules_by_any_name(root: Descriptor) -> dict[str, list[_Rule]]:
    """Return what a name says of a member of an object that no proto describes.

    It holds what a field of that name holds anywhere in a payload, or objects of the kind that has
    that name; a name with an s, several of them.
    """
    found: dict[str, list[_Rule]] = {}
    for rule in _rules_below(root):
        if rule.inner is None or rule.inner is _UNKNOWN:
            continue
        for name in {_folded(rule), rule.inner.name.casefold()}:
            found.setdefault(name, []).append(rule)
            found.setdefault(f"{name}s", []).append(rule._replace(is_map=True))
    return found


def _blank(value: Json, kinds: _Kinds, inner_kinds: _Kinds, root: Descriptor) -> bool:
    """Blank what is secret in an object, or in a list of such; say whether any was.

    It may be of any of the kinds, and as a map it may hold objects of the inner kinds. Sets, so
    that nothing is looked at twice: that would double with each level.
    """
    changed = False
    if not isinstance(value, Members):
        for item in value if isinstance(value, list) else ():
            changed |= _blank(item, kinds, inner_kinds, root)
        return changed
    rules, names = _rules_by_name(kinds), _rules_by_any_name(root)
    dropped: set[int] = set()
    for place, (name, inner) in enumerate(value):
        if inner in _NOTHING:
            continue
        folded = name.casefold()
        found = rules.get(folded) or names.get(folded) or []
        secret = next((rule for rule in found if rule.inner is None), None)
        if secret is None:
            if isinstance(inner, list):  # members are one, too
                own = frozenset(rule.inner for rule in found if rule.inner is not None)
                held = (rule.inner for rule in found if rule.is_map or rule.is_text)
                maps = frozenset(kind for kind in held if kind is not None)
                changed |= _blank(inner, own | inner_kinds, maps, root)
        elif secret.is_dropped:
            dropped.add(place)
        else:
            blank, is_changed = _blanked(inner, secret)
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


def blank_message(message: Message, root: Descriptor | None = None) -> bool:
    """Blank the secrets of a message in place, and say whether there were any.

    The root is the kind of the payload that it stands in; None = it is the payload. Members that
    no proto has stand only in fields that are kept as text: a field that a message does not know
    has no name.
    """
    kind = cast("Descriptor", message.DESCRIPTOR)
    root = root or kind
    rules = _rules_by_number(kind)
    had_any = False
    # what is set, not what could be: a payload has a dozen kinds of objects and holds one
    for field, value in message.ListFields():
        rule = rules.get(field.number)
        if rule is None:
            continue
        if rule.inner is None:
            had_any |= _blank_field(message, value, rule)
        elif rule.is_text:
            text = blank_text(value, rule.inner, root)
            had_any |= text is not value
            setattr(message, field.name, text)
        else:
            for one in _messages(value, rule):
                had_any |= blank_message(one, root)
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
    rules = map(_rule, kind.fields)
    return tuple(rule for rule in rules if rule.inner is None or _holds_any(rule))


def _rule(field: FieldDescriptor) -> _Rule:
    is_map, inner = _form(field)
    is_secret = _says(field, options.secret)
    is_dropped = is_secret and is_map and _says(field, options.omit_empty)
    is_text = _says(field, options.raw_json)
    return _Rule(field, None if is_secret else inner or _UNKNOWN, is_text, is_map, is_dropped)


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


def _holds_any(rule: _Rule) -> bool:
    """Say whether what is in a field may have a secret; text may have any kind of object in it."""
    return rule.is_text or (rule.inner is not None and bool(_rules(rule.inner)))


def _says(field: FieldDescriptor, option: Any) -> bool:  # noqa: ANN401 - an extension has no type
    return bool(field.GetOptions().Extensions[option])
