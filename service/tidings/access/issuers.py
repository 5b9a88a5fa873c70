"""Issuers of JWTs, as the policy file names them: which JWTs are accepted, and their rights."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from tidings.access.principals import Principal, check_policy_name
from tidings.core.errors import BadRequest, Unauthenticated
from tidings.core.tables import as_table, flag_of, only, table_of, text_of, words_of

NOT_BEFORE_LEEWAY_S = 10
"""How far the clock of an issuer may be ahead of ours."""

MAX_TEXT_CHARS = 256
"""Of a subject and of a name."""

_KEYS = (
    *("issuer", "audience", "jwks", "grants"),
    *("name_claim", "policies_claim", "roles_claim"),
)
_SPACED_CLAIMS = ("scope", "scp")  # several words in one text. Source: RFC 8693, section 4.2
_MAX_TIME_S = 2**53

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Grant:
    """The rights of JWTs whose claim has a value."""

    claim: str
    value: str
    policies: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    management: bool = False


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer whose JWTs are accepted. `jwks` is where its keys are: a URL, or a file.

    `issuer` "" = whatever `iss` says; a claim's name "" = no claim is used.
    """

    name: str
    audience: frozenset[str]
    jwks: str
    issuer: str = ""
    name_claim: str = ""
    policies_claim: str = ""
    roles_claim: str = ""
    grants: tuple[Grant, ...] = ()

    def admit(self, claims: Claims, now_us: int) -> Principal:
        """Return the principal of these claims, which the issuer signed.

        Raises:
            Unauthenticated: they are not for this service, or not valid now.
        """
        if self.issuer and claims.get("iss") != self.issuer:
            raise Unauthenticated("invalid", "issuer")
        if self.audience.isdisjoint(_texts(claims, "aud")):
            raise Unauthenticated("invalid", "audience")
        expires_at_us = _time_us(claims, "exp")
        if expires_at_us is None:
            raise Unauthenticated("invalid", "expiry")
        if expires_at_us <= now_us:
            raise Unauthenticated("expired")
        starts_at_us = _time_us(claims, "nbf")
        if starts_at_us is not None and starts_at_us > now_us + NOT_BEFORE_LEEWAY_S * 1_000_000:
            raise Unauthenticated("invalid", "start")
        granted = [grant for grant in self.grants if grant.value in _texts(claims, grant.claim)]
        policies = (*_texts(claims, self.policies_claim), *_each(granted, "policies"))
        roles = (*_texts(claims, self.roles_claim), *_each(granted, "roles"))
        subject = _text(claims.get("sub"), "subject")
        return Principal(
            id=subject,
            name=self._name(claims, subject),
            management=any(grant.management for grant in granted),
            policies=tuple(sorted(set(policies))),
            roles=tuple(sorted(set(roles))),
            expires_at_us=expires_at_us,
        )

    def _name(self, claims: Claims, subject: str) -> str:
        if not self.name_claim:
            return subject
        return _text(_claim(claims, self.name_claim), "name")


def is_url(jwks: str) -> bool:
    """Say whether keys are fetched from a URL, not read from a file."""
    return "://" in jwks


def parse_issuers(tables: Mapping[str, Any]) -> dict[str, Issuer]:
    """Return the issuers of the policy file's `jwt` table, by name.

    Raises:
        BadRequest: where it is wrong, and why.
    """
    issuers = {name: _issuer(name, table) for name, table in tables.items()}
    meant = [issuer.issuer for issuer in issuers.values()]
    for name, issuer in issuers.items():
        if meant.count(issuer.issuer) > 1:
            raise BadRequest(f"jwt.{name}.issuer", "is another one's too, or missing in several")
    return issuers


def _issuer(name: str, given: object) -> Issuer:
    path = f"jwt.{name}"
    check_policy_name(name, path)
    table = as_table(given, path)
    only(table, _KEYS, path)
    audience = table.get("audience")
    if isinstance(audience, str):
        table = {**table, "audience": [audience]}
    audiences = words_of(table, "audience", path)
    if not audiences or "" in audiences:
        raise BadRequest(f"{path}.audience", "must be who this service is in the claim aud")
    jwks = text_of(table, "jwks", path)
    if is_url(jwks) and not _can_be_trusted(jwks):
        raise BadRequest(f"{path}.jwks", "must be a file, an https URL, or an http URL of loopback")
    return Issuer(
        name=name,
        audience=frozenset(audiences),
        jwks=jwks,
        issuer=text_of(table, "issuer", path, ""),
        name_claim=text_of(table, "name_claim", path, ""),
        policies_claim=text_of(table, "policies_claim", path, ""),
        roles_claim=text_of(table, "roles_claim", path, ""),
        grants=tuple(_grants(table_of(table, "grants", path), f"{path}.grants")),
    )


def _grants(claims: Mapping[str, Any], path: str) -> Iterator[Grant]:
    for claim in claims:
        for value, given in table_of(claims, claim, path).items():
            below = f"{path}.{claim}.{value}"
            table = as_table(given, below)
            only(table, ("policies", "roles", "management"), below)
            yield Grant(
                claim,
                value,
                words_of(table, "policies", below),
                words_of(table, "roles", below),
                flag_of(table, "management", below),
            )


def _can_be_trusted(url: str) -> bool:
    """Return whether answers of a URL are authentic: nobody can change them on the way."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.username is not None or not host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _each(grants: list[Grant], what: str) -> Iterator[str]:
    for grant in grants:
        yield from getattr(grant, what)


def _claim(claims: Claims, name: str) -> object:
    """Return a claim, None without it; "/a/b" is claim b of the object that claim a is."""
    if not name.startswith("/"):
        return claims.get(name)
    found: object = claims
    for part in name[1:].split("/"):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _texts(claims: Claims, name: str) -> tuple[str, ...]:
    """Return the texts of a claim that is one or several."""
    found = _claim(claims, name) if name else None
    if isinstance(found, str):
        return tuple(found.split()) if name in _SPACED_CLAIMS else (found,)
    if isinstance(found, list):
        return tuple(text for text in found if isinstance(text, str))
    return ()


def _text(found: object, flaw: str) -> str:
    if not isinstance(found, str) or not 0 < len(found) <= MAX_TEXT_CHARS:
        raise Unauthenticated("invalid", flaw)
    return found


def _time_us(claims: Claims, name: str) -> int | None:
    """Return a claim that is seconds since 1970; None if it is not there.

    Raises:
        Unauthenticated: it is no time.
    """
    found = claims.get(name)
    if found is None:
        return None
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    if not is_number or not math.isfinite(found) or abs(found) > _MAX_TIME_S:
        raise Unauthenticated("invalid", _FLAWS[name])
    return int(found * 1_000_000)


_FLAWS = {"exp": "expiry", "nbf": "start"}
