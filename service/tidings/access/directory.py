"""Every token, policy and role in effect, and the principal of a credential."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Generic, TypeVar

from tidings.access.assertion import Assertion, is_jwt, verify
from tidings.access.issuers import Issuer
from tidings.access.jwks import NO_KEYS, KeySet
from tidings.access.policy_file import PolicyFile
from tidings.access.principals import NOBODY, Policy, Principal, Role, Token, is_token_name
from tidings.access.rights import MANAGEMENT, Rights, united
from tidings.access.secret import hash_of, same_hash
from tidings.core.errors import Unauthenticated

MAX_CREDENTIAL_CHARS = 8 * 1024

MAX_KNOWN_RIGHTS = 4096
"""Number of principals whose rights are cached."""

MAX_KNOWN_JWTS = 1024
"""Number of JWTs whose signature is not verified again: that takes as long as a whole call."""

Proof = str | Assertion
"""What is kept of a credential: "" = there was none, a hash, or what an issuer has signed."""

T = TypeVar("T")


class Layered(Generic[T]):
    """Things of one kind by name: those of the file take precedence over those of the store."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._of_file: Mapping[str, T] = MappingProxyType({})
        self._of_store: dict[str, T] = {}

    def __iter__(self) -> Iterator[T]:
        """Yield each, by name."""
        every = self._of_store | dict(self._of_file)
        return (every[name] for name in sorted(every))

    def get(self, name: str) -> T | None:
        """Return one by its name."""
        return self._of_file.get(name) or self._of_store.get(name)

    def is_of_file(self, name: str) -> bool:
        """Return whether the one in effect is the file's, which cannot be changed."""
        return name in self._of_file

    def of_store(self) -> Mapping[str, T]:
        """Return those of the store, also those that the file overrides."""
        return MappingProxyType(self._of_store)

    def set_file(self, things: Mapping[str, T]) -> None:
        """Replace everything that came from the file."""
        self._of_file = things
        self._changed()

    def put(self, name: str, thing: T) -> None:
        """Add or replace one of the store."""
        self._of_store[name] = thing
        self._changed()

    def drop(self, name: str) -> None:
        """Remove one of the store, if there is one."""
        self._of_store.pop(name, None)
        self._changed()


class Directory:
    """Tokens by id, policies, roles and issuers by name. Belongs to one event loop."""

    def __init__(self) -> None:
        self.tokens: Layered[Token] = Layered(self._forget)
        self.policies: Layered[Policy] = Layered(self._forget)
        self.roles: Layered[Role] = Layered(self._forget)
        self._issuers: Mapping[str, Issuer] = MappingProxyType({})
        self._keys: dict[str, KeySet] = {}
        self._own: Token | None = None
        self._by_hash: dict[str, Token] | None = None
        self._signed: dict[str, Assertion] = {}  # by the hash of the whole JWT
        self._rights: dict[Principal, Rights] = {}

    def set_file(self, file: PolicyFile, keys: Mapping[str, KeySet] = MappingProxyType({})) -> None:
        """Replace everything that came from the file; keys of issuers go by `Issuer.jwks`."""
        self.tokens.set_file(file.tokens)
        self.policies.set_file(file.policies)
        self.roles.set_file(file.roles)
        self._issuers, self._keys = file.issuers, dict(keys)
        self._signed.clear()

    def set_own(self, token: Token) -> None:
        """Admit the service's own processes, by a token that no list shows."""
        self._own = token
        self._forget()

    def set_keys(self, jwks: str, keys: KeySet) -> None:
        """Replace the keys that come from one place."""
        self._keys[jwks] = keys
        self._signed.clear()

    def find(self, credential: str, now_us: int) -> Principal:
        """Return the principal of a credential; without one ("") the anonymous caller.

        Raises:
            Unauthenticated: it is unknown, expired, revoked or invalid.
        """
        return self.principal(self.prove(credential), now_us)

    def prove(self, credential: str) -> Proof:
        """Return what is to be kept of a credential.

        Raises:
            UnknownKey: it is a JWT whose key may be too new to be known.
            Unauthenticated: it is a JWT of an unknown issuer, or larger than any credential.
        """
        if not credential:
            return ""
        if len(credential) > MAX_CREDENTIAL_CHARS:
            raise Unauthenticated("invalid", "size")
        hashed = hash_of(credential)
        if self._issuers and hashed not in self._tokens_by_hash() and is_jwt(credential):
            return self._signed.get(hashed) or self._verified(credential, hashed)
        return hashed

    def _verified(self, credential: str, hashed: str) -> Assertion:
        if len(self._signed) >= MAX_KNOWN_JWTS:
            self._signed.clear()
        found = self._signed[hashed] = verify(credential, self._issuers, self._keys)
        return found

    def principal(self, proof: Proof, now_us: int) -> Principal:
        """Return the principal with this proof.

        Raises:
            Unauthenticated: it is (or has become) unknown, expired, revoked or invalid.
        """
        if isinstance(proof, Assertion):
            return self._bearer(proof, now_us)
        return self._holder(proof, now_us) if proof else NOBODY

    def _bearer(self, proof: Assertion, now_us: int) -> Principal:
        issuer = self._issuers.get(proof.issuer)
        if issuer is None:
            raise Unauthenticated("invalid", "issuer")
        if self._keys.get(issuer.jwks, NO_KEYS).get(proof.kid) != proof.key:
            raise Unauthenticated("invalid", "key")
        return issuer.admit(proof.claims, now_us)

    def _holder(self, credential_hash: str, now_us: int) -> Principal:
        token = self._tokens_by_hash().get(credential_hash)
        if token is None or not same_hash(token.hash, credential_hash):
            raise Unauthenticated("unknown")
        if token.revoked_at_us is not None:
            raise Unauthenticated("revoked")
        if token.expires_at_us is not None and token.expires_at_us <= now_us:
            raise Unauthenticated("expired")
        return Principal(
            token.id,
            token.name,
            token.management,
            token.policies,
            token.roles,
            token.expires_at_us,
        )

    def rights(self, principal: Principal) -> Rights:
        """Return what a principal may do; policies and roles that do not exist give nothing."""
        if principal.management:
            return MANAGEMENT
        found = self._rights.get(principal)
        if found is None:
            if len(self._rights) >= MAX_KNOWN_RIGHTS:
                self._rights.clear()
            found = self._rights[principal] = self._united(principal)
        return found

    def _united(self, principal: Principal) -> Rights:
        roles = filter(None, map(self.roles.get, principal.roles))
        names = {*principal.policies, *(name for role in roles for name in role.policies)}
        policies = filter(None, map(self.policies.get, sorted(names)))
        # a claim may be any text, also one with a special meaning
        name = principal.name if is_token_name(principal.name) else ""
        return united(policy.rights.of_owner(name) for policy in policies)

    def _tokens_by_hash(self) -> Mapping[str, Token]:
        if self._by_hash is None:
            # the file's last: no token of the store takes the credential of one of the file's
            every = sorted(self.tokens, key=lambda one: self.tokens.is_of_file(one.id))
            every += [self._own] if self._own else []
            self._by_hash = {token.hash: token for token in every}
        return self._by_hash

    def _forget(self) -> None:
        self._by_hash = None
        self._rights.clear()
