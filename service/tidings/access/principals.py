"""Tokens, policies, and whose a credential is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tidings.access.rights import MANAGEMENT, Rights, united
from tidings.access.secret import hash_of, same_hash
from tidings.core.errors import BadRequest, Unauthenticated

ANONYMOUS = "anonymous"
"""Id and name of the caller without a credential, and the name of the policy that it has."""

_TOKEN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}")  # no ":", which ends a Basic user
_POLICY_NAME = re.compile(r"[A-Za-z0-9-]{1,128}")


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept. Times are microseconds since 1970; None = never, not."""

    id: str
    name: str
    hash: str
    management: bool = False
    policies: tuple[str, ...] = ()
    created_at_us: int = 0
    expires_at_us: int | None = None
    revoked_at_us: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A named set of rights, and the text that they were parsed from."""

    name: str
    description: str
    rules: str
    rights: Rights


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who may do something. `expires_at_us` None = never."""

    id: str
    name: str
    management: bool = False
    policies: tuple[str, ...] = ()
    expires_at_us: int | None = None


NOBODY = Principal(ANONYMOUS, ANONYMOUS, policies=(ANONYMOUS,))
"""The caller without a credential."""


class Directory:
    """Every token and policy that counts now: those of the file and those of the store.

    Belongs to one event loop. Of two policies with one name the file's counts.
    """

    def __init__(self) -> None:
        self._file_tokens: dict[str, Token] = {}
        self._file_policies: Mapping[str, Policy] = MappingProxyType({})
        self._tokens: dict[str, Token] = {}
        self._policies: dict[str, Policy] = {}
        self._by_hash: dict[str, Token] = {}
        self._rights: dict[Principal, Rights] = {}

    def set_file(self, tokens: Iterable[Token], policies: Iterable[Policy]) -> None:
        """Replace everything that came from the file."""
        self._file_tokens = {token.id: token for token in tokens}
        self._file_policies = {policy.name: policy for policy in policies}
        self._by_hash = {token.hash: token for token in self.tokens()}
        self._rights.clear()

    def put_token(self, token: Token) -> None:
        """Add or replace a token of the store."""
        self.drop_token(token.id)
        self._tokens[token.id] = token
        self._by_hash.setdefault(token.hash, token)

    def drop_token(self, token_id: str) -> None:
        """Forget a token of the store, if there is one."""
        known = self._tokens.pop(token_id, None)
        if known is not None and self._by_hash.get(known.hash) is known:
            del self._by_hash[known.hash]

    def put_policy(self, policy: Policy) -> None:
        """Add or replace a policy of the store."""
        self._policies[policy.name] = policy
        self._rights.clear()

    def drop_policy(self, name: str) -> None:
        """Forget a policy of the store, if there is one."""
        self._policies.pop(name, None)
        self._rights.clear()

    def is_in_file(self, what: Token | str) -> bool:
        """Say whether a token, or the policy of a name, is the file's and cannot be changed."""
        if isinstance(what, str):
            return what in self._file_policies
        return what.id in self._file_tokens

    def tokens(self) -> list[Token]:
        """Return every token, oldest first."""
        every = {**self._tokens, **self._file_tokens}
        return sorted(every.values(), key=lambda token: (token.created_at_us, token.id))

    def token(self, token_id: str) -> Token | None:
        """Return a token by its id."""
        return self._file_tokens.get(token_id) or self._tokens.get(token_id)

    def policies(self) -> list[Policy]:
        """Return every policy, by name."""
        every = {**self._policies, **self._file_policies}
        return [every[name] for name in sorted(every)]

    def policy(self, name: str) -> Policy | None:
        """Return a policy by its name."""
        return self._file_policies.get(name) or self._policies.get(name)

    def find(self, credential: str, now_us: int) -> Principal:
        """Return whose a credential is; without one ("") it is the anonymous caller.

        Raises:
            Unauthenticated: it is nobody's: unknown, expired or revoked.
        """
        return self.find_hash(hash_of(credential) if credential else "", now_us)

    def find_hash(self, credential_hash: str, now_us: int) -> Principal:
        """Return whose the credential with this hash is; "" = there was none.

        Raises:
            Unauthenticated: it is nobody's: unknown, expired or revoked.
        """
        if not credential_hash:
            return NOBODY
        token = self._by_hash.get(credential_hash)
        if token is None or not same_hash(token.hash, credential_hash):
            raise Unauthenticated("unknown")
        if token.revoked_at_us is not None:
            raise Unauthenticated("revoked")
        if token.expires_at_us is not None and token.expires_at_us <= now_us:
            raise Unauthenticated("expired")
        return Principal(
            token.id, token.name, token.management, token.policies, token.expires_at_us
        )

    def rights(self, principal: Principal) -> Rights:
        """Return what a principal may do; policies that do not exist give nothing."""
        if principal.management:
            return MANAGEMENT
        found = self._rights.get(principal)
        if found is None:
            policies = (self.policy(name) for name in principal.policies)
            found = united(policy.rights.of_owner(principal.name) for policy in policies if policy)
            self._rights[principal] = found
        return found


def check_token_name(name: str, path: str) -> None:
    """Refuse a name that could not be a user name in every API.

    Raises:
        BadRequest: it is none.
    """
    if not _TOKEN_NAME.fullmatch(name):
        raise BadRequest(
            path,
            "must be 1 to 128 of a-z, A-Z, 0-9, '.', '_', '@', '-', and begin with one of"
            " the first three",
        )


def check_policy_name(name: str, path: str) -> None:
    """Refuse what is no name of a policy.

    Raises:
        BadRequest: it is none.
    """
    if not _POLICY_NAME.fullmatch(name):
        raise BadRequest(path, "must be 1 to 128 of a-z, A-Z, 0-9, '-'")
