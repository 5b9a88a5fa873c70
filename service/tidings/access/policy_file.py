"""The policy file: tokens by hash and policies, in TOML. docs/access.md shows one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tidings.access.principals import Policy, Token, check_policy_name, check_token_name
from tidings.access.rules import rights_of
from tidings.access.secret import is_hash
from tidings.core.errors import BadRequest

_TOKEN_KEYS = frozenset({"id", "name", "hash", "management", "policies", "expires_at"})


def parse_policy_file(text: str) -> tuple[list[Token], list[Policy]]:
    """Return the tokens and policies of a policy file.

    Raises:
        BadRequest: where the file is wrong, and why.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRequest("", f"not TOML: {error}") from None
    for key in document:
        if key not in {"tokens", "policies"}:
            raise BadRequest(key, "no such table; there are tokens, policies")
    given_tokens, given_policies = document.get("tokens", []), document.get("policies", {})
    if not isinstance(given_tokens, list) or not isinstance(given_policies, dict):
        raise BadRequest("", "tokens are written [[tokens]], policies [policies.NAME]")
    tokens = [_token(table, f"tokens[{place}]") for place, table in enumerate(given_tokens)]
    for place, token in enumerate(tokens):
        if any(token.id == other.id or token.hash == other.hash for other in tokens[:place]):
            raise BadRequest(f"tokens[{place}]", "id or hash is used twice")
    return tokens, [_policy(name, table) for name, table in given_policies.items()]


def _token(table: object, path: str) -> Token:
    if not isinstance(table, dict):
        raise BadRequest(path, "must be a table")
    for key in table:
        if key not in _TOKEN_KEYS:
            raise BadRequest(f"{path}.{key}", f"no such key; there are {sorted(_TOKEN_KEYS)}")
    name = _text(table, "name", path)
    check_token_name(name, f"{path}.name")
    hashed = _text(table, "hash", path)
    if not is_hash(hashed):
        raise BadRequest(f"{path}.hash", "must be sha256: and 64 lower-case hexadecimal digits")
    management = table.get("management", False)
    if not isinstance(management, bool):
        raise BadRequest(f"{path}.management", "must be true or false")
    policies = table.get("policies", [])
    if not isinstance(policies, list) or not all(isinstance(each, str) for each in policies):
        raise BadRequest(f"{path}.policies", "must be a list of texts")
    return Token(
        id=_text(table, "id", path) if "id" in table else name,
        name=name,
        hash=hashed,
        management=management,
        policies=tuple(policies),
        expires_at_us=_time(table.get("expires_at"), f"{path}.expires_at"),
    )


def _policy(name: str, table: object) -> Policy:
    path = f"policies.{name}"
    check_policy_name(name, path)
    if not isinstance(table, dict):
        raise BadRequest(path, "must be a table")
    rules = dict(table)
    description = rules.pop("description", "")
    if not isinstance(description, str):
        raise BadRequest(f"{path}.description", "must be a text")
    return Policy(name, description, "", rights_of(rules, path))


def _text(table: Mapping[str, Any], key: str, path: str) -> str:
    found = table.get(key)
    if not isinstance(found, str) or not found:
        raise BadRequest(f"{path}.{key}", "must be a text that is not empty")
    return found


def _time(value: object, path: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise BadRequest(path, "must be a date and time with its offset: 2030-01-01T00:00:00Z")
    return int((value - datetime.fromtimestamp(0, UTC)).total_seconds() * 1_000_000)
