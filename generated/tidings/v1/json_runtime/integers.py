"""Integers as text: one strict parser, for whatever is no JSON number."""

from __future__ import annotations

import re

from tidings.v1.json_runtime.errors import JsonError

_INTEGER = re.compile(
    r"[+-]?[0-9]+"
)  # ASCII digits: Python's own int() takes any script's, and "_"
_MAX_DIGITS = 100
"""More than 2**64 has and fewer than int() refuses to read (4300); leading zeros are allowed."""


def parse_integer(text: str, lowest: int, highest: int) -> int:
    """Return the integer that a text spells in decimal digits, with or without a sign.

    Raises:
        JsonError: it is none, or out of range; the text is not repeated.
    """
    if not is_integer(text):
        raise JsonError("", "not a decimal integer")
    value = int(text) if len(text) <= _MAX_DIGITS else highest + 1
    if not lowest <= value <= highest:
        raise JsonError("", f"not between {lowest} and {highest}")
    return value


def is_integer(text: str) -> bool:
    """Say whether a text is a sign or none, and ASCII digits."""
    return _INTEGER.fullmatch(text) is not None
