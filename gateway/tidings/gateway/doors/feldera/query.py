"""Parses a request for a cluster event; errors have Feldera's texts."""

from __future__ import annotations

from urllib.parse import parse_qsl

from tidings.v1.feldera_pb2 import FELDERA_FIELDS_ALL, FELDERA_FIELDS_STATUS, FelderaFields

_SELECTORS = {"all": FELDERA_FIELDS_ALL, "status": FELDERA_FIELDS_STATUS}
_GROUPS = (8, 4, 4, 4, 12)
_HEX = frozenset("0123456789abcdefABCDEF")


class BadSelector(Exception):
    """The query is refused before anything else is checked; the text is the whole body."""


def parse_selector(query: bytes) -> FelderaFields.ValueType:
    """Return how much of the event is wanted; other parameters are ignored.

    Raises:
        BadSelector: `selector` is given twice, or is neither "all" nor "status".

    Source: Feldera's server, whose query is read by serde_urlencoded.
    """
    values = [
        value
        for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        if name == "selector"
    ]
    for value in values[:1]:
        if value not in _SELECTORS:
            raise BadSelector(
                "Query deserialize error: "
                f"unknown variant `{_as_utf8(value)}`, expected `all` or `status`"
            )
    if len(values) > 1:
        raise BadSelector("Query deserialize error: duplicate field `selector`")
    return _SELECTORS[values[0]] if values else FELDERA_FIELDS_STATUS


def _as_utf8(value: str) -> str:
    return value.encode("utf-8", "replace").decode("utf-8")


def canonical_id(text: str) -> str:
    """Return a valid UUID, in any spelling, in the one that answers print."""
    digits = "".join(char for char in text.removeprefix("urn:uuid:") if char in _HEX).lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def why_no_uuid(text: str) -> str:
    """Return why a text is no UUID, in the words of the library that Feldera uses.

    Source: the uuid crate's parse error; the first wrong character wins.
    """
    for place, char in enumerate(text, 1):
        if char not in _HEX and char != "-":
            expected = "an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-]"
            return f"invalid character: expected {expected}, found `{char}` at {place}"
    if "-" not in text:
        return f"invalid length: expected length 32 for simple format, found {len(text)}"
    groups = text.split("-")
    if len(groups) != len(_GROUPS):
        return f"invalid group count: expected {len(_GROUPS)}, found {len(groups)}"
    for place, (group, length) in enumerate(zip(groups, _GROUPS, strict=True)):
        if len(group) != length:
            found = f"expected {length}, found {len(group)}"
            return f"invalid group length in group {place}: {found}"
    return "invalid format"
