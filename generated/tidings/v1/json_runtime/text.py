"""JSON text in and out: parsed strictly, printed compactly, spliced without a change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tidings.v1.json_runtime.errors import TOO_DEEP, JsonError, explained

Json = Any
"""A parsed JSON value: dict, list, str, int, float, bool, None; `raw(text)` to splice text in."""

MAX_DEPTH = 200
"""Objects and lists that may lie inside of each other.

A bound of our own, because the parser's depends on how deep the stack already is: what one process
took in, another must be able to print. A Nomad job is about 20 deep.
"""

PARSER_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_parse_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_parse_parts = msgspec.json.Decoder(dict[str, msgspec.Raw] | list[msgspec.Raw]).decode
_MAX_STEPS = 4  # each reads what is left once more
_HTML = re.compile(b"[<>&]|\xe2\x80[\xa8\xa9]")
_HTML_ESCAPES = {
    b"<": rb"\u003c",
    b">": rb"\u003e",
    b"&": rb"\u0026",
    b"\xe2\x80\xa8": rb"\u2028",
    b"\xe2\x80\xa9": rb"\u2029",
}


def loads(text: bytes) -> Json:
    """Return the value of a JSON text, parsed strictly.

    No NaN, nothing after the value, no bad UTF-8, no lone surrogates, no number beyond a double, at
    most MAX_DEPTH deep. Integers of any width are exact. Of equal names the last counts.

    Raises:
        JsonError: it is not JSON.
    """
    try:
        value = msgspec.json.decode(text)
    except PARSER_ERRORS as error:
        raise explained(error) from None
    check_depth(text, value)
    return value


def check_depth(text: bytes, value: Json) -> None:
    """Refuse a value that is nested deeper than MAX_DEPTH; `text` is what it was parsed from.

    Raises:
        JsonError: it is.
    """
    if text.count(b"[") + text.count(b"{") <= MAX_DEPTH:
        return
    level = [value]
    depth = 0
    while level := [each for each in level if type(each) is dict or type(each) is list]:
        depth += 1
        if depth > MAX_DEPTH:
            raise JsonError("", TOO_DEEP)
        level = [item for each in level for item in (each.values() if type(each) is dict else each)]


def dumps(value: Json) -> bytes:
    """Return compact JSON: no spaces, no final newline, members in their order, non-ASCII as it is.

    A float that JSON cannot spell (NaN, an infinity) prints as null.
    """
    return msgspec.json.encode(value)


def dumps_indented(value: Json) -> bytes:
    """Return JSON with 4 spaces of indentation, as Go's MarshalIndent writes it.

    Without a final newline.
    """
    return msgspec.json.format(dumps(value), indent=4)


def members(text: bytes) -> dict[str, bytes]:
    """Return the exact text of every member of a JSON object; of equal names the last counts.

    Raises:
        JsonError: it is not JSON (see `loads`), or not an object.
    """
    try:
        value = loads(text)
    except JsonError as error:
        raise _placed(text, error, _MAX_STEPS) from None
    if type(value) is not dict:
        raise JsonError("", "expected an object")
    return {name: bytes(inside) for name, inside in _parse_members(text).items()}


def _placed(text: bytes, error: JsonError, steps: int) -> JsonError:
    """Return the same error with the path to the member that it is about, as far as it shows."""
    if steps == 0:
        return error
    try:
        inside = _parse_parts(text)
    except PARSER_ERRORS:
        return error
    is_list = isinstance(inside, list)
    for name, part in enumerate(inside) if isinstance(inside, list) else inside.items():
        try:
            loads(bytes(part))
        except JsonError as found:
            return _placed(bytes(part), found, steps - 1).inside(
                f"[{name}]" if is_list else f"{name}"
            )
    return error


def join(texts: Mapping[str, bytes]) -> bytes:
    """Return the JSON object with these members: the other way of `members`."""
    inside: Iterable[bytes] = (
        msgspec.json.encode(name) + b":" + text for name, text in texts.items()
    )
    return b"{" + b",".join(inside) + b"}"


def compact(text: bytes) -> bytes:
    """Return a valid JSON text on one line.

    It comes back as it is unless it holds a line break; then all white space outside of strings
    goes, and everything else stays byte for byte.
    """
    if b"\n" not in text and b"\r" not in text:
        return text
    return msgspec.json.format(text, indent=-1)


def raw(text: bytes) -> Json:
    """Return valid JSON text as a value that `dumps` splices in on one line; null when empty."""
    return msgspec.Raw(compact(text)) if text else None


def go_escape_html(text: bytes) -> bytes:
    """Return JSON text as Go's encoder prints it by default.

    `<`, `>`, `&`, U+2028 and U+2029 are escaped.

    Source: Go encoding/json, SetEscapeHTML.
    """
    return _HTML.sub(lambda found: _HTML_ESCAPES[found[0]], text)
