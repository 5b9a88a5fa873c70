"""Whom a request comes from: its credentials, and the page that made a browser send it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection

from tidings.gateway.asgi import Request
from tidings.gateway.credentials import bearer
from tidings.gateway.transcode.metadata import Metadata

_DEFAULT_PORTS = {"http": ":80", "ws": ":80", "https": ":443", "wss": ":443"}


def credential_of(request: Request) -> Metadata:
    """Return the caller's credential as call metadata, nothing without one.

    Of `Basic user:key` it is the key, as a token. Anything else, a malformed one too, goes on as it
    came: clients copy a header that their platform made.
    """
    text = (request.header(b"authorization") or "").strip()
    if not text:
        return ()
    if key := _key_of(text):
        return bearer(key)
    if text.isascii() and text.isprintable():
        return (("authorization", text),)
    return bearer(text)  # one that fits no metadata, which is not none


def _key_of(text: str) -> str:
    scheme, _, value = text.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        pair = base64.b64decode(value.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return pair.partition(":")[2]  # a key may hold colons, a user name may not


def is_known_origin(request: Request, allowed: Collection[str]) -> bool:
    """Say whether the page behind a request may read: none, one of this host, or an allowed one.

    Source: the Python SDK derives its Origin from the URL that it connects to.
    """
    origin = request.header(b"origin")
    if origin is None or origin in allowed:
        return True
    scheme, _, host = origin.lower().partition("://")
    port = _DEFAULT_PORTS.get(scheme)
    if port is None:
        return False
    own = (request.header(b"host") or "").lower()
    return host.removesuffix(port) == own.removesuffix(port)
