"""AccessService: tokens, policies and roles, and whose a credential is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NoReturn, TypeVar
from uuid import UUID

import structlog
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.access import stored
from tidings.access.directory import Layered
from tidings.access.principals import Policy, Role, Token, check_policy_name, check_token_name
from tidings.access.rules import parse_rules
from tidings.access.secret import SECRET_BYTES, hash_of, new_secret
from tidings.core.errors import BadRequest, NotFound, TidingsError, Unauthenticated
from tidings.dialects.rules import check_time, timestamp
from tidings.rpc.access_control import AccessControl
from tidings.rpc.access_events import policy_event, role_event, token_event
from tidings.rpc.authorize import Context
from tidings.rpc.paging import check_page_size, first_page
from tidings.rpc.status import NotOffered
from tidings.v1 import access_service_pb2 as pb
from tidings.v1 import event_pb2

DEFAULT_PAGE = 100
MAX_PAGE = 1000
MAX_NAMES = 100
"""Of the policies, and of the roles, of one thing; it still fits in a small value of the store."""

MAX_DESCRIPTION = 1000

Announce = Callable[[event_pb2.Event], Awaitable[object]]
T = TypeVar("T")
M = TypeVar("M", bound=Message)

_log = structlog.get_logger("tidings.access")

_PROBLEMS = {
    "unknown": pb.CREDENTIAL_PROBLEM_UNKNOWN,
    "expired": pb.CREDENTIAL_PROBLEM_EXPIRED,
    "revoked": pb.CREDENTIAL_PROBLEM_REVOKED,
    "invalid": pb.CREDENTIAL_PROBLEM_INVALID,
}


class NoAccessServicer:
    """Refuses every method of AccessService, on a server without access control."""

    def __getattr__(self, name: str) -> Callable[[Any, Any], Awaitable[NoReturn]]:
        async def refused(_request: object, _context: object) -> NoReturn:
            raise NotOffered(f"access control ({name})")

        return refused


class AccessServicer:
    """Serves AccessService. `announce` is given every change as an event; None = nobody is told."""

    def __init__(
        self,
        access: AccessControl,
        token: Callable[[int], bytes],
        announce: Announce | None,
    ) -> None:
        self._access = access
        self._token = token
        self._announce = announce

    async def Authenticate(
        self, request: pb.AuthenticateRequest, context: Context
    ) -> pb.AuthenticateResponse:
        """Say whose a credential is, or why it is nobody's. Anybody may ask."""
        try:
            found = (await self._access.caller_with(request.credential)).principal
        except Unauthenticated as error:
            return pb.AuthenticateResponse(problem=_PROBLEMS[error.reason], detail=str(error))
        return pb.AuthenticateResponse(
            principal=pb.Principal(
                id=found.id,
                name=found.name,
                management=found.management,
                policies=found.policies,
                roles=found.roles,
            )
        )

    async def CreateToken(
        self, request: pb.CreateTokenRequest, context: Context
    ) -> pb.CreateTokenResponse:
        """Make a token and return its secret, once."""
        (await self._access.caller(context)).need_management("make tokens")
        check_token_name(request.name, "name")
        directory = self._access.directory
        _check_known(request.policies, "policies", "policy", directory.policies)
        _check_known(request.roles, "roles", "role", directory.roles)
        now_us = self._access.now_us()
        secret = new_secret(self._token(SECRET_BYTES))
        made = Token(
            id=str(UUID(bytes=self._token(16), version=4)),
            name=request.name,
            hash=hash_of(secret),
            management=request.management,
            policies=tuple(request.policies),
            roles=tuple(request.roles),
            created_at_us=now_us,
            expires_at_us=_expiry(request, now_us),
        )
        await self._access.put(stored.TOKENS + made.id, stored.render_token(made), expect_new=True)
        await self._tell(token_event("ACLTokenUpserted", made))
        return pb.CreateTokenResponse(token=_token_message(made), secret=secret)

    async def ListTokens(
        self, request: pb.ListTokensRequest, context: Context
    ) -> pb.ListTokensResponse:
        """List tokens, oldest first."""
        (await self._access.caller(context)).need_management("list tokens")
        tokens = self._access.directory.tokens
        page, following = _page(tokens, _age_of, _token_message, request)
        return pb.ListTokensResponse(tokens=page, next_page_token=following)

    async def RevokeToken(
        self, request: pb.RevokeTokenRequest, context: Context
    ) -> pb.RevokeTokenResponse:
        """Revoke a token; again = it stays as it was."""
        (await self._access.caller(context)).need_management("revoke tokens")
        token = self._known(self._access.directory.tokens, request.id, "token", "id")
        if token.revoked_at_us is None:
            token = replace(token, revoked_at_us=self._access.now_us())
            await self._access.put(stored.TOKENS + token.id, stored.render_token(token))
            await self._tell(token_event("ACLTokenDeleted", token))
        return pb.RevokeTokenResponse(token=_token_message(token))

    async def PutPolicy(
        self, request: pb.PutPolicyRequest, context: Context
    ) -> pb.PutPolicyResponse:
        """Make or replace a policy."""
        (await self._access.caller(context)).need_management("change policies")
        given = request.policy
        _check_given(given, "policy")
        rights = parse_rules(given.rules)
        self._check_not_of_file(
            self._access.directory.policies, given.name, "policy", "policy.name"
        )
        policy = Policy(given.name, given.description, given.rules, rights)
        await self._access.put(stored.POLICIES + policy.name, stored.render_policy(policy))
        await self._tell(policy_event("ACLPolicyUpserted", policy))
        return pb.PutPolicyResponse(policy=_policy_message(policy))

    async def ListPolicies(
        self, request: pb.ListPoliciesRequest, context: Context
    ) -> pb.ListPoliciesResponse:
        """List policies by name."""
        (await self._access.caller(context)).need_management("list policies")
        policies = self._access.directory.policies
        page, following = _page(policies, _name_of, _policy_message, request)
        return pb.ListPoliciesResponse(policies=page, next_page_token=following)

    async def DeletePolicy(
        self, request: pb.DeletePolicyRequest, context: Context
    ) -> pb.DeletePolicyResponse:
        """Delete a policy."""
        (await self._access.caller(context)).need_management("change policies")
        policy = self._known(self._access.directory.policies, request.name, "policy", "name")
        await self._access.delete(stored.POLICIES + request.name)
        await self._tell(policy_event("ACLPolicyDeleted", policy))
        return pb.DeletePolicyResponse()

    async def PutRole(self, request: pb.PutRoleRequest, context: Context) -> pb.PutRoleResponse:
        """Make or replace a role."""
        (await self._access.caller(context)).need_management("change roles")
        directory, given = self._access.directory, request.role
        _check_given(given, "role")
        self._check_not_of_file(directory.roles, given.name, "role", "role.name")
        _check_known(given.policies, "role.policies", "policy", directory.policies)
        role = Role(given.name, given.description, tuple(given.policies))
        await self._access.put(stored.ROLES + role.name, stored.render_role(role))
        await self._tell(role_event("ACLRoleUpserted", role))
        return pb.PutRoleResponse(role=_role_message(role))

    async def ListRoles(
        self, request: pb.ListRolesRequest, context: Context
    ) -> pb.ListRolesResponse:
        """List roles by name."""
        (await self._access.caller(context)).need_management("list roles")
        page, following = _page(self._access.directory.roles, _name_of, _role_message, request)
        return pb.ListRolesResponse(roles=page, next_page_token=following)

    async def DeleteRole(
        self, request: pb.DeleteRoleRequest, context: Context
    ) -> pb.DeleteRoleResponse:
        """Delete a role."""
        (await self._access.caller(context)).need_management("change roles")
        role = self._known(self._access.directory.roles, request.name, "role", "name")
        await self._access.delete(stored.ROLES + request.name)
        await self._tell(role_event("ACLRoleDeleted", role))
        return pb.DeleteRoleResponse()

    def _known(self, things: Layered[T], name: str, what: str, field: str) -> T:
        """Return one that can be changed here."""
        found = things.get(name)
        if found is None:
            raise NotFound(what, name)
        self._check_not_of_file(things, name, what, field)
        return found

    def _check_not_of_file(self, things: Layered[T], name: str, what: str, field: str) -> None:
        if things.is_of_file(name):
            raise BadRequest(field, f"this {what} is the policy file's; change it there")

    async def _tell(self, event: event_pb2.Event) -> None:
        """Append the event of a change that is done, whatever becomes of the event."""
        if self._announce is None:
            return
        try:
            await self._announce(event)
        except TidingsError as error:
            _log.warning("a change is not in the log", type=event.nomad.type, error=str(error))


def _expiry(request: pb.CreateTokenRequest, now_us: int) -> int | None:
    if not request.HasField("expires_at"):
        return None
    check_time(request.expires_at, "expires_at")
    expires_at_us = request.expires_at.seconds * 1_000_000 + request.expires_at.nanos // 1000
    if expires_at_us <= now_us:
        raise BadRequest("expires_at", "lies in the past")
    return expires_at_us


def _check_given(given: pb.Policy | pb.Role, field: str) -> None:
    check_policy_name(given.name, f"{field}.name")
    if len(given.description) > MAX_DESCRIPTION:
        raise BadRequest(f"{field}.description", f"more than {MAX_DESCRIPTION} characters")


def _check_known(names: Sequence[str], field: str, what: str, things: Layered[T]) -> None:
    if len(names) > MAX_NAMES:
        raise BadRequest(field, f"at most {MAX_NAMES} are allowed")
    for place, name in enumerate(names):
        check_policy_name(name, f"{field}[{place}]")
        if things.get(name) is None:
            raise NotFound(what, name)


def _page(
    things: Iterable[T],
    key_of: Callable[[T], str],
    message_of: Callable[[T], M],
    request: pb.ListTokensRequest | pb.ListPoliciesRequest | pb.ListRolesRequest,
) -> tuple[Sequence[M], str]:
    """Return a page, sorted by the keys, and the key of its last when there is more."""
    check_page_size(request.page_size)
    limit = min(request.page_size or DEFAULT_PAGE, MAX_PAGE)
    rest = sorted((each for each in things if key_of(each) > request.page_token), key=key_of)
    page = first_page(map(message_of, rest), limit, lambda message: message.ByteSize())
    return page, key_of(rest[len(page) - 1]) if len(page) < len(rest) else ""


def _age_of(token: Token) -> str:
    return f"{token.created_at_us:020}/{token.id}"


def _name_of(thing: Policy | Role) -> str:
    return thing.name


def _token_message(token: Token) -> pb.Token:
    return pb.Token(
        id=token.id,
        name=token.name,
        management=token.management,
        policies=token.policies,
        roles=token.roles,
        created_at=_time(token.created_at_us or None),
        expires_at=_time(token.expires_at_us),
        revoked_at=_time(token.revoked_at_us),
    )


def _policy_message(policy: Policy) -> pb.Policy:
    return pb.Policy(name=policy.name, description=policy.description, rules=policy.rules)


def _role_message(role: Role) -> pb.Role:
    return pb.Role(name=role.name, description=role.description, policies=role.policies)


def _time(time_us: int | None) -> Timestamp | None:
    return None if time_us is None else timestamp(time_us)
