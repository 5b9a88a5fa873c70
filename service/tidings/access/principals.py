"""Tokens, policies and roles, and the principals that they define."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tidings.access.rights import Rights
from tidings.core.errors import BadRequest

ANONYMOUS = "anonymous"
"""Id and name of the caller without a credential, and the name of the policy that it has."""

KEPT_ENDED_US = 30 * 86_400 * 1_000_000
"""How long a token of the store is kept after it was revoked or expired."""

_TOKEN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}")  # no ":", which ends a Basic user
_POLICY_NAME = re.compile(r"[A-Za-z0-9-]{1,128}")


@dataclass(frozen=True, slots=True)
class Token:
    """A token as stored. Times are microseconds since 1970; None = never, or not set."""

    id: str
    name: str
    hash: str
    management: bool = False
    policies: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    created_at_us: int = 0
    expires_at_us: int | None = None
    revoked_at_us: int | None = None

    def can_be_forgotten(self, now_us: int) -> bool:
        """Return whether it ended so long ago that its reason need not be reported any more."""
        ended_at_us = self.revoked_at_us or self.expires_at_us
        return ended_at_us is not None and ended_at_us + KEPT_ENDED_US <= now_us


@dataclass(frozen=True, slots=True)
class Policy:
    """A named set of rights, and the text that they were parsed from."""

    name: str
    description: str
    rules: str
    rights: Rights


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of policies."""

    name: str
    description: str
    policies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller and its rights. `expires_at_us` None = never."""

    id: str
    name: str
    management: bool = False
    policies: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    expires_at_us: int | None = None


NOBODY = Principal(ANONYMOUS, ANONYMOUS, policies=(ANONYMOUS,))
"""The caller without a credential."""


def is_token_name(name: str) -> bool:
    """Say whether a name could be a user name in every API."""
    return _TOKEN_NAME.fullmatch(name) is not None


def check_token_name(name: str, path: str) -> None:
    """Refuse a name that could not be a user name in every API.

    Raises:
        BadRequest: it is not valid.
    """
    if not is_token_name(name):
        raise BadRequest(
            path,
            "must be 1 to 128 of a-z, A-Z, 0-9, '.', '_', '@', '-', and begin with one of"
            " the first three",
        )


def check_policy_name(name: str, path: str) -> None:
    """Refuse an invalid name of a policy or role.

    Raises:
        BadRequest: it is not valid.
    """
    if not _POLICY_NAME.fullmatch(name):
        raise BadRequest(path, "must be 1 to 128 of a-z, A-Z, 0-9, '-'")
