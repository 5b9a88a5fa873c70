"""What a websocket's handshake must have before its connection is handed over."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

VERSION = b"13"
_BODY = frozenset({b"content-length", b"transfer-encoding"})
_KEY_BYTES = 16


def is_handshake(method: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Say whether a request with these headers (names in lower case) is a whole handshake.

    One with a body is none: nothing would say where its frames begin.

    Source: RFC 6455 section 4.2.1. The names in Upgrade and Connection are the caller's to check.
    """
    values: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value)
    if method != b"GET" or values.get(b"sec-websocket-version") != [VERSION]:
        return False
    if any(value != b"0" for name in _BODY for value in values.get(name, [])):
        return False
    if len(values.get(b"origin", [])) > 1:  # the gate's to refuse, in the words of the path
        return False
    keys = values.get(b"sec-websocket-key", [])
    return len(keys) == 1 and _is_key(keys[0])


def _is_key(text: bytes) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == _KEY_BYTES
    except binascii.Error:
        return False
