"""Tokens, policies and roles as small values of the store: JSON, one value each."""

from __future__ import annotations

import dataclasses
import json

from tidings.access.principals import Policy, Role, Token
from tidings.access.rules import parse_rules
from tidings.core.errors import TidingsError

PREFIX = "access/"
TOKENS = "access/token/"
POLICIES = "access/policy/"
ROLES = "access/role/"


def render_token(token: Token) -> bytes:
    """Return a token as it is stored: with its hash, never with its secret."""
    return json.dumps(dataclasses.asdict(token), sort_keys=True).encode()


def parse_token(value: bytes) -> Token | None:
    """Return a stored token, or None if this version cannot read it."""
    try:
        members = json.loads(value)
        lists = {name: tuple(members.get(name, ())) for name in ("policies", "roles")}
        return Token(**{**members, **lists})
    except (ValueError, TypeError, AttributeError):
        return None


def render_policy(policy: Policy) -> bytes:
    """Return a policy as it is stored."""
    members = {"name": policy.name, "description": policy.description, "rules": policy.rules}
    return json.dumps(members, sort_keys=True).encode()


def parse_policy(value: bytes) -> Policy | None:
    """Return a stored policy, or None if this version cannot read it."""
    try:
        members = json.loads(value)
        rights = parse_rules(members["rules"])
        return Policy(members["name"], members["description"], members["rules"], rights)
    except (ValueError, TypeError, KeyError, AttributeError, TidingsError):
        return None


def render_role(role: Role) -> bytes:
    """Return a role as it is stored."""
    return json.dumps(dataclasses.asdict(role), sort_keys=True).encode()


def parse_role(value: bytes) -> Role | None:
    """Return a stored role, or None if this version cannot read it."""
    try:
        members = json.loads(value)
        return Role(members["name"], members["description"], tuple(members["policies"]))
    except (ValueError, TypeError, KeyError):
        return None
