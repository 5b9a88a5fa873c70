"""JSON Web Key Sets: the public keys of an issuer that may sign a JWT."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tidings.core.errors import BadRequest

if TYPE_CHECKING:
    from jwt import PyJWK

MAX_JWKS_BYTES = 256 * 1024
MIN_RSA_BITS = 2048

_ALGORITHMS: Mapping[tuple[str, str], str] = MappingProxyType(
    {("RSA", ""): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
)
"""The one algorithm that each kind of key signs with; keys of other kinds are left out."""

_PUBLIC_MEMBERS = {
    "RSA": ("e", "kty", "n"),
    "EC": ("crv", "kty", "x", "y"),
    "OKP": ("crv", "kty", "x"),
}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key bound to its algorithm; equal ones have the same RFC 7638 thumbprint."""

    algorithm: str
    thumbprint: str
    jwk: PyJWK = field(repr=False, compare=False)


KeySet = Mapping[str, SigningKey]
"""Keys by their `kid`."""

NO_KEYS: KeySet = MappingProxyType({})


def parse_jwks(text: bytes) -> KeySet:
    """Return the keys of a set, without those that lack a `kid`, encrypt, or are of other kinds.

    Raises:
        BadRequest: it is no set, or no key of it can be used, or one must not be; never holds any
            part of it.
    """
    if len(text) > MAX_JWKS_BYTES:
        raise BadRequest("", f"more than {MAX_JWKS_BYTES} bytes")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise BadRequest("", "not JSON") from None
    given = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(given, list):
        raise BadRequest("", "not a JSON Web Key Set: an object with a list of keys")
    keys: dict[str, SigningKey] = {}
    for place, members in enumerate(given):
        path = f"keys[{place}]"
        if not isinstance(members, dict):
            raise BadRequest(path, "must be an object")
        algorithm = _algorithm_of(members)
        if algorithm is None:
            continue
        if members["kid"] in keys:
            raise BadRequest(path, "its kid is used twice")
        keys[members["kid"]] = _key(members, algorithm, path)
    if not keys:
        raise BadRequest("", "no key with a kid for RS256, ES256 or EdDSA")
    return MappingProxyType(keys)


def _algorithm_of(members: Mapping[str, Any]) -> str | None:
    """Return a key's algorithm, None if we do not support it."""
    kind, curve, kid = (members.get(name, "") for name in ("kty", "crv", "kid"))
    if not all(isinstance(text, str) for text in (kind, curve, kid)) or not kid:
        return None
    algorithm = _ALGORITHMS.get((kind, curve if kind != "RSA" else ""))
    if members.get("use", "sig") != "sig" or members.get("alg", algorithm) != algorithm:
        return None
    return algorithm


def _key(members: Mapping[str, Any], algorithm: str, path: str) -> SigningKey:
    if "d" in members:
        raise BadRequest(path, "is a private key, which belongs to its issuer alone")
    from jwt import PyJWK, PyJWTError  # noqa: PLC0415 - 10 MB, for those who have issuers

    public = {name: members.get(name) for name in _PUBLIC_MEMBERS[members["kty"]]}
    try:
        jwk = PyJWK(public, algorithm)
    except (PyJWTError, ValueError, TypeError):
        raise BadRequest(path, "is not a key") from None
    if algorithm == "RS256" and jwk.key.key_size < MIN_RSA_BITS:
        raise BadRequest(path, f"has less than {MIN_RSA_BITS} bits")
    canonical = json.dumps(public, sort_keys=True, separators=(",", ":")).encode()
    return SigningKey(algorithm, hashlib.sha256(canonical).hexdigest(), jwk)
