"""The caller of a request: its credential and its user."""

from __future__ import annotations

import base64
import binascii

from tidings.gateway.http.request import Request
from tidings.gateway.transcode.metadata import Metadata
from tidings.gateway.upstream.credentials import MAX_TOKEN_CHARS, bearer
from tidings.v1.access_service_pb2 import AuthenticateResponse


def credential_of(request: Request) -> Metadata:
    """Return the caller's credential as call metadata, nothing without one.

    Of `Basic user:key` it is the key, as a token. Anything else, malformed or not, is passed on
    unchanged: clients copy a header that their platform made.
    """
    text = (request.header(b"authorization") or "").strip()
    if not text:
        return ()
    pair = _basic(text)
    if pair is not None and pair[1]:
        return bearer(pair[1])
    if text.isascii() and text.isprintable() and len(text) <= MAX_TOKEN_CHARS:
        return (("authorization", text),)
    return bearer(text)  # not valid as metadata; not the same as no token


def user_of(request: Request, whose: AuthenticateResponse) -> str | None:
    """Return the name of the caller's token, "" without a credential; None = it is invalid.

    The user that `Basic` names must be that one.
    """
    if whose.WhichOneof("outcome") != "principal":
        return None
    text = (request.header(b"authorization") or "").strip()
    name = whose.principal.name if text else ""
    pair = _basic(text)
    return name if pair is None or pair[0] == name else None


def _basic(text: str) -> tuple[str, str] | None:
    """Return user and key of `Basic`, None for any other header."""
    scheme, _, value = text.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        pair = base64.b64decode(value.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    user, _, key = pair.partition(":")  # a key may hold colons, a user name may not
    return user, key
