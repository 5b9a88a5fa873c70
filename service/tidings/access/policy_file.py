"""The policy file: tokens by hash, policies, roles, issuers, in TOML. docs/access.md shows one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from tidings.access.issuers import Issuer, parse_issuers
from tidings.access.principals import (
    Policy,
    Role,
    Token,
    check_policy_name,
    check_token_name,
)
from tidings.access.rules import rights_of
from tidings.access.secret import is_hash
from tidings.core.errors import BadRequest
from tidings.core.tables import as_table, flag_of, only, parse_toml, table_of, text_of, words_of

_TABLES = ("tokens", "policies", "roles", "jwt")
_TOKEN_KEYS = ("id", "name", "hash", "management", "policies", "roles", "expires_at")


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """The content of a policy file: tokens by id, policies, roles and issuers by name."""

    tokens: Mapping[str, Token] = field(default_factory=lambda: MappingProxyType({}))
    policies: Mapping[str, Policy] = field(default_factory=lambda: MappingProxyType({}))
    roles: Mapping[str, Role] = field(default_factory=lambda: MappingProxyType({}))
    issuers: Mapping[str, Issuer] = field(default_factory=lambda: MappingProxyType({}))


def parse_policy_file(text: str) -> PolicyFile:
    """Return the content of a policy file.

    Raises:
        BadRequest: where the file is wrong, and why.
    """
    document = parse_toml(text, "")
    only(document, _TABLES, "", "table")
    given_tokens = document.get("tokens", [])
    if not isinstance(given_tokens, list):
        raise BadRequest("tokens", "are written [[tokens]]")
    policies, roles = table_of(document, "policies", ""), table_of(document, "roles", "")
    return PolicyFile(
        tokens=_tokens(given_tokens),
        policies={name: _policy(name, table) for name, table in policies.items()},
        roles={name: _role(name, table) for name, table in roles.items()},
        issuers=parse_issuers(table_of(document, "jwt", "")),
    )


def _tokens(given: list[object]) -> dict[str, Token]:
    tokens: dict[str, Token] = {}
    hashes: set[str] = set()
    for place, table in enumerate(given):
        path = f"tokens[{place}]"
        token = _token(as_table(table, path), path)
        if token.id in tokens or token.hash in hashes:
            raise BadRequest(path, "id or hash is used twice")
        tokens[token.id] = token
        hashes.add(token.hash)
    return tokens


def _token(table: Mapping[str, Any], path: str) -> Token:
    only(table, _TOKEN_KEYS, path)
    name = text_of(table, "name", path)
    check_token_name(name, f"{path}.name")
    hashed = text_of(table, "hash", path)
    if not is_hash(hashed):
        raise BadRequest(f"{path}.hash", "must be sha256: and 64 lower-case hexadecimal digits")
    return Token(
        id=text_of(table, "id", path, name),
        name=name,
        hash=hashed,
        management=flag_of(table, "management", path),
        policies=words_of(table, "policies", path),
        roles=words_of(table, "roles", path),
        expires_at_us=_time(table.get("expires_at"), f"{path}.expires_at"),
    )


def _policy(name: str, given: object) -> Policy:
    path = f"policies.{name}"
    check_policy_name(name, path)
    rules = dict(as_table(given, path))
    description = _description(rules, path)
    rules.pop("description", None)
    return Policy(name, description, "", rights_of(rules, path))


def _role(name: str, given: object) -> Role:
    path = f"roles.{name}"
    check_policy_name(name, path)
    table = as_table(given, path)
    only(table, ("description", "policies"), path)
    return Role(name, _description(table, path), words_of(table, "policies", path))


def _description(table: Mapping[str, Any], path: str) -> str:
    return text_of(table, "description", path, "")


def _time(value: object, path: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise BadRequest(path, "must be a date and time with its offset: 2030-01-01T00:00:00Z")
    return int((value - datetime.fromtimestamp(0, UTC)).total_seconds() * 1_000_000)
