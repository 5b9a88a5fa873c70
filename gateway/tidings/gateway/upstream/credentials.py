"""Tokens of callers, converted from the vendors' spellings to the service's."""

from __future__ import annotations

from tidings.gateway.http.request import Request
from tidings.gateway.transcode.metadata import Metadata

MAX_TOKEN_CHARS = 8 * 1024
"""The service accepts no longer credential, and gRPC limits the metadata of a call."""

# An invalid token. A token that is not valid as metadata must not be taken for no token at all.
_NO_TOKEN = "?"  # noqa: S105 - on the contrary


def bearer_of(request: Request) -> str:
    """Return the token of `Authorization: Bearer`, "" without one.

    The scheme matches in upper and lower case; the token is the first word after it. Other schemes
    are no token.

    Source: Nomad 2.0 command/agent/http.go and Consul 1.21 agent/http.go, which do alike.
    """
    words = (request.header(b"authorization") or "").split(" ")
    rest = [word for word in words[1:] if word]
    return rest[0] if rest and words[0].lower() == "bearer" else ""


def secret_in(metadata: Metadata) -> str:
    """Return the credential in call metadata without its scheme, "" when there is none."""
    text = next((str(value) for key, value in metadata if key == "authorization"), "")
    scheme, _, secret = text.partition(" ")
    return secret if scheme.lower() == "bearer" else text


def bearer(token: str) -> Metadata:
    """Return a token as call metadata, nothing for the empty one."""
    if not token:
        return ()
    fits = token.isascii() and token.isprintable() and len(token) <= MAX_TOKEN_CHARS
    return (("authorization", f"Bearer {token if fits else _NO_TOKEN}"),)
