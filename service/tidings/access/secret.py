"""Secrets of tokens: 256 random bits in text, kept as their hash only."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

SECRET_BYTES = 32
HASH_PREFIX = "sha256:"
_HASH = re.compile(r"sha256:[0-9a-f]{64}")


def new_secret(random_bytes: bytes) -> str:
    """Return the text of 32 random bytes: 64 lower-case hexadecimal digits."""
    assert len(random_bytes) == SECRET_BYTES
    return random_bytes.hex()


def hash_of(secret: str) -> str:
    """Return what is stored of a secret: "sha256:" and 64 hexadecimal digits.

    A plain hash is enough, since nobody can try 2**256 secrets.
    """
    return HASH_PREFIX + hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def is_hash(text: str) -> bool:
    """Return whether the text has the form that `hash_of` returns."""
    return _HASH.fullmatch(text) is not None


def same_hash(one: str, other: str) -> bool:
    """Compare two hashes in a time that does not depend on where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def spellings(name: str, secret: str) -> Mapping[str, str]:
    """Return the secret of a token with this name in the form of each API's clients."""
    return {
        "Nomad (X-Nomad-Token, NOMAD_TOKEN)": secret,
        "Consul (X-Consul-Token, CONSUL_HTTP_TOKEN)": secret,
        "Docker Cloud (Basic user:apikey)": f"{name}:{secret}",
        "Puppet (X-Authentication)": secret,
        "Feldera (Authorization: Bearer)": f"apikey:{secret}",
    }
