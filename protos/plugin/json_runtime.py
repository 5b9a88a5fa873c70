"""JSON as the five systems write it: what the generated code beside this file is made with.

Service and gateway share this file and nothing else, so everything that both must do alike with JSON text
stands here. Texts are UTF-8 bytes. Integers keep every digit; what is carried as text keeps every byte.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

Json = Any
"""A parsed JSON value: dict, list, str, int, float, bool or None; `msgspec.Raw` where text is spliced in."""

ZERO_TIME = "0001-01-01T00:00:00Z"
"""How Go prints a time that was never set."""

_ZERO_TIME_S = -62135596800
_MAX_TIME_S = 253402300799
_NANOS_PER_S = 1_000_000_000
_WHITE_SPACE = re.compile(rb'("(?:[^"\\]|\\.)*")|[ \t\r\n]+', re.DOTALL)
_RFC_3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_EXTRA_DIGITS = re.compile(r"\.\d{9}\d*[1-9]")
_HTML = re.compile(b"[<>&]|\xe2\x80[\xa8\xa9]")
_HTML_ESCAPES = {
    b"<": rb"\u003c",
    b">": rb"\u003e",
    b"&": rb"\u0026",
    b"\xe2\x80\xa8": rb"\u2028",
    b"\xe2\x80\xa9": rb"\u2029",
}
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class JsonError(ValueError):
    """A text is not JSON, or not of the expected shape: the path to the place (may be empty), and why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path = path
        self.reason = reason

    def inside(self, name: str) -> JsonError:
        """Return the same error, seen from the object around it."""
        joined = f"{name}{self.path}" if self.path.startswith("[") else f"{name}.{self.path}"
        return JsonError(joined if self.path else name, self.reason)


# --- text -----------------------------------------------------------------------------------------


def loads(text: bytes) -> Json:
    """Return the value of a JSON text, strictly: no NaN, no rest, no bad UTF-8, bounded depth.

    Raises:
        JsonError: it is not JSON.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise JsonError("", _why(error)) from None


def dumps(value: Json) -> bytes:
    """Return compact JSON: no spaces, no final newline, members in their order, non-ASCII as it is."""
    return msgspec.json.encode(value)


def dumps_indented(value: Json) -> bytes:
    """Return JSON with 4 spaces of indentation, as Go's MarshalIndent writes it, without a final newline."""
    return json.dumps(loads(dumps(value)), indent=4, ensure_ascii=False).encode()


def members(text: bytes) -> dict[str, bytes]:
    """Return the exact text of every member of a JSON object; of equal names the last counts.

    Raises:
        JsonError: it is not JSON, or not an object.
    """
    value = loads(text)
    if type(value) is not dict:
        raise JsonError("", "expected an object")
    return {name: bytes(raw) for name, raw in _members.decode(text).items()}


def compact(text: bytes) -> bytes:
    """Return a valid JSON text on one line: without white space, if it held a line break, else as it is."""
    if b"\n" not in text and b"\r" not in text:
        return text
    return _WHITE_SPACE.sub(rb"\1", text)


def raw(text: bytes) -> Json:
    """Return valid JSON text as a value that `dumps` splices in on one line; null when it is empty."""
    return msgspec.Raw(compact(text)) if text else None


def canonical(text: bytes) -> bytes:
    """Return the one form that equal JSON texts share: members sorted, no white space, numbers as written.

    Raises:
        JsonError: it is not JSON.
    """
    return _write(_exact(text), in_order=sorted)


def go_escape_html(text: bytes) -> bytes:
    """Return JSON text as Go's encoder prints it by default: `<`, `>`, `&`, U+2028 and U+2029 escaped.

    Source: Go encoding/json, SetEscapeHTML.
    """
    return _HTML.sub(lambda found: _HTML_ESCAPES[found[0]], text)


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def _exact(text: bytes, on_pairs: Callable[[list[tuple[str, Json]]], Json] = dict) -> Json:
    loads(text)  # Python's own parser below is laxer
    try:
        return json.loads(text, parse_int=_Number, parse_float=_Number, object_pairs_hook=on_pairs)
    except RecursionError:
        raise JsonError("", "nested too deeply") from None


def _write(value: Json, in_order: Callable[[Any], Any] = list) -> bytes:
    if isinstance(value, dict):
        inside = (
            msgspec.json.encode(name) + b":" + _write(item, in_order)
            for name, item in in_order(value.items())
        )
        return b"{" + b",".join(inside) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(_write(item, in_order) for item in value) + b"]"
    return value.encode() if isinstance(value, _Number) else msgspec.json.encode(value)


def _why(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error)


# --- secrets --------------------------------------------------------------------------------------


def blank_text(text: bytes, paths: Sequence[tuple[str, ...]], drops: Sequence[tuple[str, ...]]) -> bytes:
    """Return a JSON text whose members at `paths` are "" and whose members at `drops` are gone.

    "*" in a path stands for every member of an object. The very same bytes come back when there was nothing to
    blank. Names are compared exactly, as the systems themselves write them. When it is written anew, order and
    numbers stay as they were.

    Raises:
        JsonError: it is not JSON.
    """
    if b"\\u" not in text and not any(_leaf(path) in text for path in (*paths, *drops)):
        return text
    repeated = False

    def pairs(found: list[tuple[str, Json]]) -> dict[str, Json]:
        nonlocal repeated
        value = dict(found)
        repeated = repeated or len(value) != len(found)  # an earlier one of equal names may be a secret
        return value

    value = _exact(text, pairs)
    blanked = [_blank(value, path, drop=False) for path in paths]
    dropped = [_blank(value, path, drop=True) for path in drops]
    return _write(value) if repeated or any(blanked) or any(dropped) else text


def _leaf(path: tuple[str, ...]) -> bytes:
    return next(name for name in reversed(path) if name != "*").encode()


def _blank(value: Json, path: tuple[str, ...], *, drop: bool) -> bool:
    if not isinstance(value, dict):
        return False
    name, rest = path[0], path[1:]
    names = list(value) if name == "*" else [name] if name in value else []
    changed = False
    for each in names:
        if rest:
            changed |= _blank(value[each], rest, drop=drop)
        elif drop:
            del value[each]
            changed = True
        elif value[each] not in ("", None):
            value[each] = ""
            changed = True
    return changed


def blank_message(
    message: Message, paths: Sequence[tuple[str, ...]], drops: Sequence[tuple[str, ...]]
) -> None:
    """Blank the fields at `paths` and clear those at `drops`, in place; "*" = every value of a map."""
    for path in (*paths, *drops):
        inner: Any = message
        *way, last = path
        if last == "*":
            *way, last = way
        for name in way:
            if not inner.HasField(name):
                break
            inner = getattr(inner, name)
        else:
            if path[-1] == "*":
                values = getattr(inner, last)
                for name in values:
                    values[name] = ""
            else:
                inner.ClearField(last)


# --- printing -------------------------------------------------------------------------------------


def base64_text(value: bytes) -> str:
    """Return standard, padded base64."""
    return base64.b64encode(value).decode("ascii")


def nanoseconds(value: Duration) -> int:
    """Return a span as Go counts it, in nanoseconds."""
    return value.seconds * _NANOS_PER_S + value.nanos


def time_text(value: Timestamp) -> str:
    """Return RFC 3339 in UTC with 0 to 9 digits of a second, as Go's RFC3339Nano prints it."""
    fraction = f".{value.nanos:09d}".rstrip("0") if value.nanos else ""
    return _seconds_text(value.seconds) + fraction + "Z"


def time_text_seconds(value: Timestamp) -> str:
    """Return RFC 3339 in UTC with whole seconds."""
    return _seconds_text(value.seconds) + "Z"


def time_text_micros(value: Timestamp) -> str:
    """Return RFC 3339 in UTC with the shortest of 0, 3 or 6 digits of a second that loses no microsecond."""
    micros = value.nanos // 1000
    if micros == 0:
        return _seconds_text(value.seconds) + "Z"
    digits = f"{micros:06d}" if micros % 1000 else f"{micros // 1000:03d}"
    return f"{_seconds_text(value.seconds)}.{digits}Z"


def _seconds_text(seconds: int) -> str:
    # datetime.fromtimestamp refuses years below 1970 on some platforms; arithmetic does not.
    days, rest = divmod(seconds - _ZERO_TIME_S, 86400)
    day = datetime.fromordinal(days + 1)
    return f"{day:%Y-%m-%d}".rjust(10, "0") + f"T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"


# --- parsing --------------------------------------------------------------------------------------


class Lost(Protocol):
    """Where a parser writes down what the types cannot hold; a list of paths will do."""

    def append(self, path: str, /) -> None:
        """Write down one path."""


Take = Callable[[Json, Lost], Any]
Table = Mapping[str, tuple[str, type | None, Take]]
"""Member name -> (field, the type that is taken as it is, what takes any other)."""


def fill(make: Callable[..., Any], table: Table, value: Json, lost: Lost) -> Any:
    """Return the message of a JSON object. Absent and null members leave their fields unset.

    Raises:
        JsonError: the value is no object, or a member has the wrong type; with the path.
    """
    if type(value) is not dict:
        raise JsonError("", "expected an object")
    found = {}
    for name, item in value.items():
        if item is None:
            continue
        entry = table.get(name)
        if entry is None:
            lost.append(name)
            continue
        field, as_it_is, take = entry
        if type(item) is as_it_is:
            found[field] = item
            continue
        try:
            found[field] = take(item, lost)
        except JsonError as error:
            raise error.inside(name) from None
    try:
        return make(**found)
    except (TypeError, ValueError) as error:  # an integer out of range, a map's value of a wrong type
        raise JsonError("", str(error)) from None


def wrong(expected: str) -> Take:
    """Return a taker that takes nothing: the member must have had the type that is taken as it is."""

    def take(value: Json, lost: Lost) -> Any:
        del value, lost
        raise JsonError("", f"expected {expected}")

    return take


def take_float(value: Json, lost: Lost) -> float:
    """Take a number that was written as an integer."""
    if type(value) is not int:
        raise JsonError("", "expected a number")
    try:
        number = float(value)
    except OverflowError:
        raise JsonError("", "number out of range") from None
    if int(number) != value:
        lost.append("")
    return number


def take_bytes(value: Json, lost: Lost) -> bytes:
    """Take standard base64."""
    del lost
    if type(value) is not str:
        raise JsonError("", "expected base64 text")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise JsonError("", "not base64") from None


def take_raw(value: Json, lost: Lost) -> bytes:
    """Take any value as JSON text."""
    del lost
    return msgspec.json.encode(value)


def take_duration(value: Json, lost: Lost) -> Duration:
    """Take an integer count of nanoseconds; newer Nomads' "8h0m0s" is lost but not wrong."""
    if type(value) is str:
        lost.append("")
        return Duration()
    if type(value) is not int:
        raise JsonError("", "expected an integer of nanoseconds")
    seconds, nanos = divmod(abs(value), _NANOS_PER_S)
    if seconds > 315_576_000_000:  # google.protobuf.Duration's own bound
        raise JsonError("", "duration out of range")
    return Duration(seconds=-seconds, nanos=-nanos) if value < 0 else Duration(seconds=seconds, nanos=nanos)


def take_time(value: Json, lost: Lost) -> Timestamp:
    """Take RFC 3339 text with any offset and any count of digits; past the ninth they are lost."""
    found = _RFC_3339.fullmatch(value) if type(value) is str else None
    if found is None:
        raise JsonError("", "expected an RFC 3339 time")
    day, clock, fraction, offset = found.groups()
    try:
        zone = "+00:00" if offset in "Zz" else offset
        moment = datetime.fromisoformat(f"{day}T{clock}{zone}")
        span = moment - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        raise JsonError("", "no such time") from None
    seconds = span.days * 86400 + span.seconds
    if not _ZERO_TIME_S <= seconds <= _MAX_TIME_S:
        raise JsonError("", "time out of range")
    if _EXTRA_DIGITS.search(value):
        lost.append("")
    return Timestamp(seconds=seconds, nanos=int((fraction or "0").ljust(9, "0")))


def list_of(kind: type, expected: str) -> Take:
    """Return a taker of a list of plain values."""

    def take(value: Json, lost: Lost) -> list[Any]:
        del lost
        if type(value) is not list:
            raise JsonError("", "expected a list")
        for place, item in enumerate(value):
            if type(item) is not kind:
                raise JsonError(f"[{place}]", f"expected {expected}")
        return value

    return take


def map_of(kind: type, expected: str) -> Take:
    """Return a taker of a map to plain values."""

    def take(value: Json, lost: Lost) -> dict[str, Any]:
        del lost
        if type(value) is not dict:
            raise JsonError("", "expected an object")
        for name, item in value.items():
            if type(item) is not kind:
                raise JsonError(name, f"expected {expected}")
        return value

    return take


def map_to_floats(value: Json, lost: Lost) -> dict[str, float]:
    """Take a map to numbers."""
    if type(value) is not dict:
        raise JsonError("", "expected an object")
    return {name: item if type(item) is float else take_float(item, lost) for name, item in value.items()}


def list_of_messages(take_one: Take) -> Take:
    """Return a taker of a list of objects."""

    def take(value: Json, lost: Lost) -> list[Message]:
        if type(value) is not list:
            raise JsonError("", "expected a list")
        taken = []
        for place, item in enumerate(value):
            try:
                taken.append(take_one(item, lost))
            except JsonError as error:
                raise error.inside(f"[{place}]") from None
        return taken

    return take


def map_of_messages(take_one: Take) -> Take:
    """Return a taker of a map to objects."""

    def take(value: Json, lost: Lost) -> dict[str, Message]:
        if type(value) is not dict:
            raise JsonError("", "expected an object")
        taken = {}
        for name, item in value.items():
            if item is None:
                lost.append(name)
                continue
            try:
                taken[name] = take_one(item, lost)
            except JsonError as error:
                raise error.inside(name) from None
        return taken

    return take
