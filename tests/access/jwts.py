"""Issuers of JWTs for tests: keys of every kind, and tokens signed with them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

START_S = 1_700_000_000
"""When good claims were made: when the clock of tests/rpc begins."""

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

ALGORITHMS = {"rsa": "RS256", "ec": "ES256", "ed": "EdDSA"}
"""By the `kid` of the key that signs with it."""


@cache
def private_key(kid: str) -> PrivateKey:
    """Return the private key of a name, which says its kind: "rsa…", "ec…" or "ed…"."""
    if kid.startswith("rsa"):
        return rsa.generate_private_key(65537, 2048)
    if kid.startswith("ec"):
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate()


def algorithm_of(kid: str) -> str:
    return next(name for kind, name in ALGORITHMS.items() if kid.startswith(kind))


@cache
def _jwk(kid: str) -> str:
    algorithm: Any = get_default_algorithms()[algorithm_of(kid)]
    return str(algorithm.to_jwk(private_key(kid).public_key()))


def jwk(kid: str, /, **members: Any) -> dict[str, Any]:
    """Return a public key as a JWK; a member None is left out."""
    made = {**json.loads(_jwk(kid)), "kid": kid, "use": "sig", **members}
    made.pop("key_ops", None)
    return {name: value for name, value in made.items() if value is not None}


def jwks(*keys: str | Mapping[str, Any]) -> bytes:
    """Return a key set of keys or names of keys."""
    return json.dumps(
        {"keys": [jwk(key) if isinstance(key, str) else key for key in keys]}
    ).encode()


def claims(**changed: Any) -> dict[str, Any]:
    """Return good claims, changed; a claim None is left out."""
    good = {"iss": "https://login.test/", "aud": "tidings", "sub": "u-1", "exp": START_S + 60}
    return {name: value for name, value in (good | changed).items() if value is not None}


def signed(kid: str = "ec", header: Mapping[str, Any] | None = None, /, **changed: Any) -> str:
    """Return a JWT of good claims, changed, signed with a key; the header may be changed too."""
    return sign(json.dumps(claims(**changed)).encode(), kid, header)


def sign(payload: bytes, kid: str, header: Mapping[str, Any] | None = None) -> str:
    """Return any content, signed with a key; a member None of the header is left out."""
    algorithm: Any = get_default_algorithms()[algorithm_of(kid)]
    members = {"alg": algorithm_of(kid), "kid": kid, "typ": "JWT", **(header or {})}
    shown = {name: value for name, value in members.items() if value is not None}
    signing_input = encoded(shown, payload)
    signature = algorithm.sign(signing_input.encode(), private_key(kid))
    return f"{signing_input}.{encoded(signature)}"


def encoded(*parts: object) -> str:
    """Return parts as a JWT has them: objects as JSON, bytes as they are."""
    return ".".join(
        base64.urlsafe_b64encode(part if isinstance(part, bytes) else json.dumps(part).encode())
        .rstrip(b"=")
        .decode()
        for part in parts
    )
