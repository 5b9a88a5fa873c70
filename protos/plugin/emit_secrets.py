"""Writes the functions that blank a system's secrets, which the options of the protos name."""

from __future__ import annotations

from model import System
from names import snake


def emit_secrets(system: System) -> list[str]:
    """Return the functions for every object whose exact text is kept."""
    return [
        _emit(member.message)
        for each in system.objects
        for member in each.members
        if member.exact_field is not None and member.message is not None
    ]


def _emit(root: str) -> str:
    name = snake(root)
    return f'''

def blank_{name}(message: {root}) -> bool:
    """Blank every secret of a typed {root} in place, and say whether it had any."""
    return rt.blank_message(message)


def blank_{name}_text(text: bytes) -> bytes:
    """Return the valid JSON text of a {root} without its secrets.

    The very same bytes come back when it has none. Names count in any case. When the text is
    written anew, order and numbers stay as they were.

    Raises:
        rt.JsonError: it is not JSON; a text that names no secret is not looked at.
    """
    return rt.blank_text(text, {root}.DESCRIPTOR)
'''
