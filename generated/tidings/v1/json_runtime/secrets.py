"""Blanks secrets before anything is stored."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from google.protobuf.message import Message

from tidings.v1.json_runtime.canonical import read, write
from tidings.v1.json_runtime.text import Json

# A name that is spelled with escapes holds an escaped letter: these are A to Z and a to z.
_ESCAPED_LETTER = re.compile(rb"\\u00[4-7]")


class Secret(NamedTuple):
    """Where a secret is: the path of member names, and of field names; "*" = every value of a map.

    It becomes "", or goes altogether when `dropped`.
    """

    members: tuple[str, ...]
    fields: tuple[str, ...]
    dropped: bool = False


def blank_text(text: bytes, secrets: tuple[Secret, ...]) -> bytes:
    """Return a valid JSON text without its secrets; the very same bytes when it has none.

    Names are compared exactly, as the systems themselves write them. JSON text inside of strings is
    not searched. When the text is written anew, order and numbers stay as they were.

    Raises:
        JsonError: it is not JSON; a text that names no secret is not looked at.
    """
    if not secrets or not (_suspicion(secrets).search(text) or _ESCAPED_LETTER.search(text)):
        return text
    repeated = False

    def pairs(found: list[tuple[str, Json]]) -> dict[str, Json]:
        nonlocal repeated
        value = dict(found)
        # an earlier one of equal names may be the secret
        repeated = repeated or len(value) != len(found)
        return value

    value = read(text, pairs)
    blanked = [_blank(value, secret.members, drop=secret.dropped) for secret in secrets]
    return write(value) if repeated or any(blanked) else text


@functools.cache
def _suspicion(secrets: tuple[Secret, ...]) -> re.Pattern[bytes]:
    """Return what matches a secret's name with a value that is not empty, wherever it stands."""
    names = {next(n for n in reversed(each.members) if n != "*") for each in secrets}
    one_of = "|".join(re.escape(name) for name in sorted(names))
    return re.compile(rf'"(?:{one_of})"\s*+:\s*+(?!""|null|\{{\s*+\}})'.encode())


def _blank(value: Json, path: Sequence[str], *, drop: bool) -> bool:
    if not isinstance(value, dict):
        return False
    name, rest = path[0], path[1:]
    changed = False
    for each in [*value] if name == "*" else [name] if name in value else []:
        if rest:
            changed |= _blank(value[each], rest, drop=drop)
        elif drop:
            changed |= value.pop(each) is not None
        elif value[each] not in ("", None):
            value[each] = ""
            changed = True
    return changed


def blank_message(message: Message, secrets: tuple[Secret, ...]) -> bool:
    """Blank the secrets of a message in place, and say whether there were any."""
    had_any = False
    for secret in secrets:
        had_any |= _blank_field(message, secret.fields)
    return had_any


def _blank_field(message: Message, path: Sequence[str]) -> bool:
    inner: Any = message
    every = path[-1] == "*"
    *way, last = path[:-1] if every else path
    for name in way:
        if not inner.HasField(name):
            return False
        inner = getattr(inner, name)
    value = getattr(inner, last)
    if not every:
        inner.ClearField(last)
        return bool(value)
    secrets = [name for name in value if value[name]]
    for name in secrets:
        value[name] = ""
    return bool(secrets)
