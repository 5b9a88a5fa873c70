"""Percent-decoding of paths and queries, strict where the peers are lenient.

Raw texts are what was on the wire, one character a byte (Latin-1), so that bytes beyond ASCII that
a client forgot to encode survive until here. The result must be UTF-8.
"""

import re
from urllib.parse import unquote_to_bytes

from tidings.gateway.transcode.errors import BadText

_MALFORMED = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def decode_path(raw: str) -> str:
    """Decode a variable of a path: everything, so that "%2F" is a slash. "+" stays a plus.

    Raises:
        BadText: a malformed escape, or bytes that are not UTF-8.
    """
    return _to_text(_unescape(raw.encode("latin-1")))


def decode_query(raw: bytes) -> str:
    """Decode a name or value of a query as HTML forms are: "+" is a space.

    Raises:
        BadText: as `decode_path`.
    """
    return _to_text(_unescape(raw.replace(b"+", b" ")))


def _unescape(data: bytes) -> bytes:
    if _MALFORMED.search(data):
        raise BadText("malformed percent-encoding")
    return unquote_to_bytes(data)


def _to_text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        raise BadText("not UTF-8") from exc
