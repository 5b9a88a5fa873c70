"""JWTs as credentials: verifies the signature with a key of the issuer that the JWT names.

Only compact JWS with RS256, ES256 or EdDSA counts. The key decides the algorithm, the header must
agree; keys in the header are ignored. What the claims are worth is asked separately and again
(`Issuer.admit`), since issuers, keys and the time change while a stream is open.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tidings.access.issuers import Claims, Issuer
from tidings.access.jwks import NO_KEYS, KeySet, SigningKey
from tidings.core.errors import Unauthenticated

_COMPACT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)


class UnknownKey(Unauthenticated):
    """A JWT's key is not one of its issuer's; `jwks` is where the issuer's keys are."""

    def __init__(self, jwks: str) -> None:
        super().__init__("invalid", "key")
        self.jwks = jwks


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an issuer signed: its name in the policy file, the key, the claims."""

    issuer: str
    kid: str
    key: SigningKey
    claims: Claims = field(repr=False)


def is_jwt(credential: str) -> bool:
    """Return whether a credential has the form of a JWT: three parts, the last may be empty."""
    return _COMPACT.fullmatch(credential) is not None


def verify(credential: str, issuers: Mapping[str, Issuer], keys: Mapping[str, KeySet]) -> Assertion:
    """Return what a JWT says, which its issuer has signed; `keys` are by `Issuer.jwks`.

    Raises:
        UnknownKey: the issuer has no such key, as far as is known.
        Unauthenticated: it is not valid.
    """
    header, claims = _read(credential)
    issuer = _issuer(claims, issuers)
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise Unauthenticated("invalid", "key")
    key = keys.get(issuer.jwks, NO_KEYS).get(kid)
    if key is None:
        raise UnknownKey(issuer.jwks)
    if header.get("alg") != key.algorithm:
        raise Unauthenticated("invalid", "algorithm")
    from jwt import PyJWS, PyJWTError  # noqa: PLC0415 - as above

    try:
        PyJWS().decode(credential, key.jwk, [key.algorithm])
    except (PyJWTError, ValueError):
        raise Unauthenticated("invalid", "signature") from None
    return Assertion(issuer.name, kid, key, claims)


def _read(credential: str) -> tuple[Claims, Claims]:
    """Return the header and the claims, not verified yet."""
    from jwt import PyJWS, PyJWTError  # noqa: PLC0415 - 10 MB, for those who are given JWTs

    try:
        parts = PyJWS().decode_complete(credential, options={"verify_signature": False})
        claims = json.loads(parts["payload"])
    except (PyJWTError, ValueError, RecursionError):
        raise Unauthenticated("invalid", "form") from None
    if not isinstance(claims, dict):
        raise Unauthenticated("invalid", "form")
    return parts["header"], claims


def _issuer(claims: Claims, issuers: Mapping[str, Issuer]) -> Issuer:
    """Return the issuer that the claims name, else the one without a name."""
    meant = {issuer.issuer: issuer for issuer in issuers.values()}
    named = claims.get("iss")
    found = (meant.get(named) if isinstance(named, str) and named else None) or meant.get("")
    if found is None:
        raise Unauthenticated("invalid", "issuer")
    return found
