"""Writes where a system's secrets are, and the functions that blank them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emit_names import snake
from model import Member, Object, Shape, System


@dataclass(frozen=True)
class Secret:
    """The path to a secret, as member names and as fields; "*" = every member of a map."""

    members: tuple[str, ...]
    fields: tuple[str, ...]
    dropped: bool


def emit_secrets(system: System) -> list[str]:
    """Return the tables and functions for every object whose exact text is kept."""
    parts = []
    for each in system.objects:
        for member in each.members:
            if member.exact_field is not None and member.message is not None:
                parts.append(_emit(system, member.message))
    return parts


def _emit(system: System, root: str) -> str:
    found = list(_secrets(system, system.object(root), (), ()))
    name, table = snake(root), snake(root).upper()
    kept = [each for each in found if not each.dropped]
    dropped = [each for each in found if each.dropped]
    return f'''
{table}_SECRETS: tuple[tuple[str, ...], ...] = {_tuple([each.members for each in kept])}
{table}_DROPS: tuple[tuple[str, ...], ...] = {_tuple([each.members for each in dropped])}
_{table}_SECRET_FIELDS: tuple[tuple[str, ...], ...] = {_tuple([each.fields for each in kept])}
_{table}_DROPPED_FIELDS: tuple[tuple[str, ...], ...] = {_tuple([each.fields for each in dropped])}


def blank_{name}(message: {root}) -> None:
    """Blank every secret of a typed {root}, in place."""
    rt.blank_message(message, _{table}_SECRET_FIELDS, _{table}_DROPPED_FIELDS)


def blank_{name}_text(text: bytes) -> bytes:
    """Return the JSON text of a {root} without its secrets; the very same bytes when it has none.

    Raises:
        rt.JsonError: it is not JSON.
    """
    return rt.blank_text(text, {table}_SECRETS, {table}_DROPS)
'''


def _tuple(paths: list[tuple[str, ...]]) -> str:
    return "(" + "".join(f"\n    {path!r}," for path in paths) + ("\n)" if paths else ")")


def _secrets(
    system: System, each: Object, members: tuple[str, ...], fields: tuple[str, ...]
) -> Iterator[Secret]:
    for member in each.members:
        path, places = (*members, member.name), (*fields, member.field)
        if member.secret:
            every = ("*",) if member.shape is Shape.MAP and not member.dropped else ()
            yield Secret((*path, *every), (*places, *every), member.dropped)
        elif member.message is not None and _holds_secret(system, member):
            assert member.shape is Shape.ONE, f"{each.name}.{member.name}: no secret inside a list is known"
            yield from _secrets(system, system.object(member.message), path, places)


def _holds_secret(system: System, member: Member) -> bool:
    if member.message is None:
        return False
    inner = system.object(member.message).members
    return any(each.secret or _holds_secret(system, each) for each in inner)
