"""Writes where a system's secrets are, and the functions that blank them."""

from __future__ import annotations

from collections.abc import Iterator

from model import Amount, Member, Object, System
from names import snake

Paths = tuple[tuple[str, ...], tuple[str, ...], bool]
"""Path of member names, path of field names ("*" = every value of a map), whether it is dropped."""


def emit_secrets(system: System) -> list[str]:
    """Return the tables and functions for every object whose exact text is kept."""
    return [
        _emit(system, member.message)
        for each in system.objects
        for member in each.members
        if member.exact_field is not None and member.message is not None
    ]


def _emit(system: System, root: str) -> str:
    name, table = snake(root), f"{snake(root).upper()}_SECRETS"
    rows = "".join(
        f"\n    rt.Secret({members!r}, {fields!r}{', dropped=True' if dropped else ''}),"
        for members, fields, dropped in _secrets(system, system.object(root), (), ())
    )
    rows += "\n" if rows else ""
    return f'''
{table}: tuple[rt.Secret, ...] = ({rows})


def blank_{name}(message: {root}) -> bool:
    """Blank every secret of a typed {root} in place, and say whether it had any."""
    return rt.blank_message(message, {table})


def blank_{name}_text(text: bytes) -> bytes:
    """Return the valid JSON text of a {root} without its secrets.

    The very same bytes come back when it has none. Names count in any case. When the text is
    written anew, order and numbers stay as they were.

    Raises:
        rt.JsonError: it is not JSON; a text that names no secret is not looked at.
    """
    return rt.blank_text(text, {table})
'''


def _secrets(
    system: System, each: Object, members: tuple[str, ...], fields: tuple[str, ...]
) -> Iterator[Paths]:
    for member in each.members:
        path, places = (*members, member.name), (*fields, member.field)
        if member.secret:
            every = ("*",) if member.amount is Amount.MAP and not member.dropped else ()
            yield (*path, *every), (*places, *every), member.dropped
        elif _holds_secret(system, member):
            if member.amount is not Amount.ONE:
                raise ValueError(f"{each.name}.{member.field}: no rule for secrets inside of it")
            yield from _secrets(system, system.object(member.message), path, places)


def _holds_secret(system: System, member: Member) -> bool:
    if member.message is None:
        return False
    inner = system.object(member.message).members
    return any(each.secret or _holds_secret(system, each) for each in inner)
