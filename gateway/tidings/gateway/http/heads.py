"""How the listener treats a request's head before anything else does: pure, by the byte."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence

Header = tuple[bytes, bytes]

BLANKS = b" \t"
"""Optional white space around the value of a header; the parser keeps what follows the value."""

_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_LINE_ENDS = b"\r\n"
# What says where a body ends.
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
_VERSION = b"13"  # of websockets
_KEY_BYTES = 16
_CLOSE = re.compile(rb"(?:.*,)?\s*close\s*(?:,.*)?", re.IGNORECASE)


class RequestLine:
    """Escapes bytes beyond ASCII in request lines, which the parser refuses. One a connection.

    curl sends them as they were typed, and Go, in which two of the systems are written, takes them
    as if they were escaped. Only a request line at the beginning of a read is scanned: of pipelined
    requests the first.
    """

    def __init__(self) -> None:
        self._is_open = False

    def escaped(self, data: bytes, *, begins: bool) -> bytes:
        """Return data for the parser; it `begins` a request if neither head nor body is open."""
        if begins:
            self._is_open = True
        if not self._is_open:
            return data
        start = len(data) - len(data.lstrip(_LINE_ENDS)) if begins else 0
        end = data.find(b"\n", start)
        self._is_open = end < 0
        line = data if end < 0 else data[:end]
        return data if line.isascii() else escape(line) + data[len(line) :]


def escape(target: bytes) -> bytes:
    """Return a target with every byte beyond ASCII percent-encoded."""
    return _BEYOND_ASCII.sub(lambda found: b"%%%02X" % found[0][0], target)


def unknown_coding(headers: Iterable[Header], version: str) -> int | None:
    """Return the status for an unsupported Transfer-Encoding, None if it is supported.

    Source: RFC 9112 section 6.1: 501 for a coding that is not known; HTTP/1.0 has none.
    """
    values = [value.strip().lower() for name, value in headers if name == b"transfer-encoding"]
    if not values:
        return None
    if version != "1.1":
        return 400
    return None if values == [b"chunked"] else 501


def body_head(headers: Sequence[Header], version: str) -> bytes:
    """Return the head of a request that has the same body, and is the last one if this is.

    A parser has taken an offer to upgrade for the end of HTTP: with this head another parser
    continues, since what follows is the body. Source: RFC 9110 section 7.8: an offer that is not
    taken is ignored.
    """
    lines = [b"POST / HTTP/" + version.encode("ascii")]
    lines += [name + b": " + value for name, value in headers if name in _FRAMING]
    if any(name == b"connection" and _CLOSE.fullmatch(value) for name, value in headers):
        lines.append(b"connection: close")
    return b"\r\n".join((*lines, b"", b""))


def authority_of(target: bytes) -> bytes | None:
    """Return host and port of a target in absolute form, None for any other.

    It replaces the Host header. Source: RFC 9112 section 3.2.2.
    """
    scheme, colon, rest = target.partition(b"://")
    if not colon or target.startswith(b"/") or not scheme.isalpha():
        return None
    return re.split(rb"[/?#]", rest, maxsplit=1)[0].rpartition(b"@")[2]


def is_handshake(method: bytes, headers: Iterable[Header]) -> bool:
    """Say whether a request with these headers (names in lower case) is a whole handshake.

    One with a body is none: it would be unknown where its frames begin.

    Source: RFC 6455 section 4.2.1. The names in Upgrade and Connection are the caller's to check.
    """
    values: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value)
    if method != b"GET" or values.get(b"sec-websocket-version") != [_VERSION]:
        return False
    if any(value != b"0" for name in _FRAMING for value in values.get(name, [])):
        return False
    if len(values.get(b"origin", [])) > 1:  # the admission rules refuse it, as its door does
        return False
    keys = values.get(b"sec-websocket-key", [])
    return len(keys) == 1 and _is_key(keys[0])


def _is_key(text: bytes) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == _KEY_BYTES
    except binascii.Error:
        return False
