"""Percent-decoding of paths and queries, strict where the peers are lenient.

Raw texts are what was on the wire, one character a byte (Latin-1), so that bytes beyond ASCII that
a client forgot to encode survive until here. The result must be UTF-8.
"""

import re
from urllib.parse import unquote_to_bytes

from tidings.gateway.transcode.errors import BadText

# Stay as written in a variable of several segments, or "a%2Fb/c" could not be told from "a/b/c".
# Source: Envoy 1.40's default for multi-segment variables ("all but reserved", RFC 3986 2.2).
_RESERVED = frozenset(b"!#$&'()*+,/:;=?@[]")

_MALFORMED = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(rb"%[0-9A-Fa-f]{2}")


def decode_segment(raw: str) -> str:
    """Decode a variable of one segment: everything, so that "%2F" is a slash. "+" stays a plus.

    Raises:
        BadText: a malformed escape, or bytes that are not UTF-8.
    """
    return _to_text(_unescape(raw.encode("latin-1")))


def decode_segments(raw: str) -> str:
    """Decode a variable of several segments: all but escapes of reserved characters.

    Those stay exactly as written, in upper or lower case: "%2f" stays "%2f".

    Raises:
        BadText: as `decode_segment`.
    """
    data = raw.encode("latin-1")
    _check_escapes(data)
    return _to_text(_ESCAPE.sub(_unescape_unreserved, data))


def decode_query(raw: bytes) -> str:
    """Decode a name or value of a query as HTML forms are: "+" is a space.

    Raises:
        BadText: as `decode_segment`.
    """
    return _to_text(_unescape(raw.replace(b"+", b" ")))


def _unescape(data: bytes) -> bytes:
    _check_escapes(data)
    return unquote_to_bytes(data)


def _check_escapes(data: bytes) -> None:
    if _MALFORMED.search(data):
        raise BadText("malformed percent-encoding")


def _unescape_unreserved(escape: re.Match[bytes]) -> bytes:
    byte = int(escape[0][1:], 16)
    return escape[0] if byte in _RESERVED else bytes((byte,))


def _to_text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        raise BadText("not UTF-8") from exc
