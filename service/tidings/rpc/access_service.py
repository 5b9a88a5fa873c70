"""AccessService: tokens, policies and roles, and the principal of a credential."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

import structlog

from tidings.access import stored
from tidings.access.directory import Layered
from tidings.access.principals import (
    Policy,
    Role,
    Token,
    check_token_name,
)
from tidings.access.rules import parse_rules
from tidings.access.secret import SECRET_BYTES, hash_of, new_secret
from tidings.core.errors import (
    BadRequest,
    NotFound,
    Outdated,
    StateConflict,
    TidingsError,
    Unauthenticated,
)
from tidings.rpc.access_control import AccessControl
from tidings.rpc.access_events import policy_event, role_event, token_event
from tidings.rpc.access_messages import (
    authenticated,
    etag_of,
    policy_message,
    role_message,
    token_message,
)
from tidings.rpc.access_requests import (
    age_of,
    check_given,
    check_known,
    check_request_id,
    expiry,
    made_before,
    name_of,
    page_of,
)
from tidings.rpc.authorize import Context
from tidings.v1 import access_service_pb2 as pb
from tidings.v1 import event_pb2

Announce = Callable[[event_pb2.Event], Awaitable[object]]
T = TypeVar("T")

_log = structlog.get_logger("tidings.access")

_PROBLEMS = {
    "unknown": pb.CREDENTIAL_PROBLEM_UNKNOWN,
    "expired": pb.CREDENTIAL_PROBLEM_EXPIRED,
    "revoked": pb.CREDENTIAL_PROBLEM_REVOKED,
    "invalid": pb.CREDENTIAL_PROBLEM_INVALID,
}


class AccessServicer:
    """Serves AccessService. `announce` gets every change as an event; None = none is made."""

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
        """Return the principal of a credential, or why it is not valid. Every caller may ask."""
        try:
            found = (await self._access.caller_with(request.credential)).principal
        except Unauthenticated as error:
            return pb.AuthenticateResponse(problem=_PROBLEMS[error.reason], detail=str(error))
        return authenticated(found)

    async def CreateToken(
        self, request: pb.CreateTokenRequest, context: Context
    ) -> pb.CreateTokenResponse:
        """Create a token and return its secret, once."""
        (await self._access.caller(context)).need_management("make tokens")
        check_token_name(request.name, "name")
        directory = self._access.directory
        check_request_id(request.request_id)
        if known := directory.tokens.get(request.request_id):
            return made_before(known, request)
        check_known(request.policies, "policies", "policy", directory.policies)
        check_known(request.roles, "roles", "role", directory.roles)
        now_us = self._access.now_us()
        secret = new_secret(self._token(SECRET_BYTES))
        made = Token(
            id=request.request_id or str(UUID(bytes=self._token(16), version=4)),
            name=request.name,
            hash=hash_of(secret),
            management=request.management,
            policies=tuple(request.policies),
            roles=tuple(request.roles),
            created_at_us=now_us,
            expires_at_us=expiry(request, now_us),
        )
        name = stored.TOKENS + made.id
        try:
            await self._access.put(name, stored.render_token(made), expect_revision=0)
        except StateConflict:  # the same request, at this moment or at another service
            entry = await self._access.get(name)
            known = stored.parse_token(entry.value) if entry else None
            if known is None:
                raise
            return made_before(known, request)
        await self._tell(token_event("ACLTokenUpserted", made))
        return pb.CreateTokenResponse(token=token_message(made), secret=secret)

    async def ListTokens(
        self, request: pb.ListTokensRequest, context: Context
    ) -> pb.ListTokensResponse:
        """List tokens, oldest first."""
        (await self._access.caller(context)).need_management("list tokens")
        tokens = self._access.directory.tokens
        page, following = page_of(tokens, age_of, token_message, request)
        return pb.ListTokensResponse(tokens=page, next_page_token=following)

    async def RevokeToken(
        self, request: pb.RevokeTokenRequest, context: Context
    ) -> pb.RevokeTokenResponse:
        """Revoke a token; revoking it again changes nothing."""
        (await self._access.caller(context)).need_management("revoke tokens")
        token = self._known(self._access.directory.tokens, request.id, "token", "id")
        if token.revoked_at_us is None:
            token = replace(token, revoked_at_us=self._access.now_us())
            await self._access.put(stored.TOKENS + token.id, stored.render_token(token))
            await self._tell(token_event("ACLTokenDeleted", token))
        return pb.RevokeTokenResponse(token=token_message(token))

    async def PutPolicy(
        self, request: pb.PutPolicyRequest, context: Context
    ) -> pb.PutPolicyResponse:
        """Create or replace a policy."""
        (await self._access.caller(context)).need_management("change policies")
        given = request.policy
        check_given(given, "policy")
        rights = parse_rules(given.rules)
        self._check_not_of_file(
            self._access.directory.policies, given.name, "policy", "policy.name"
        )
        policy = Policy(given.name, given.description, given.rules, rights)
        name = stored.POLICIES + policy.name
        async with self._unchanged(name, given.etag, "policy") as revision:
            await self._access.put(name, stored.render_policy(policy), expect_revision=revision)
        await self._tell(policy_event("ACLPolicyUpserted", policy))
        return pb.PutPolicyResponse(policy=policy_message(policy))

    async def ListPolicies(
        self, request: pb.ListPoliciesRequest, context: Context
    ) -> pb.ListPoliciesResponse:
        """List policies by name."""
        (await self._access.caller(context)).need_management("list policies")
        policies = self._access.directory.policies
        page, following = page_of(policies, name_of, policy_message, request)
        return pb.ListPoliciesResponse(policies=page, next_page_token=following)

    async def DeletePolicy(
        self, request: pb.DeletePolicyRequest, context: Context
    ) -> pb.DeletePolicyResponse:
        """Delete a policy."""
        (await self._access.caller(context)).need_management("change policies")
        policy = self._known(self._access.directory.policies, request.name, "policy", "name")
        name = stored.POLICIES + request.name
        async with self._unchanged(name, request.etag, "policy") as revision:
            await self._access.delete(name, expect_revision=revision)
        await self._tell(policy_event("ACLPolicyDeleted", policy))
        return pb.DeletePolicyResponse()

    async def PutRole(self, request: pb.PutRoleRequest, context: Context) -> pb.PutRoleResponse:
        """Create or replace a role."""
        (await self._access.caller(context)).need_management("change roles")
        directory, given = self._access.directory, request.role
        check_given(given, "role")
        self._check_not_of_file(directory.roles, given.name, "role", "role.name")
        check_known(given.policies, "role.policies", "policy", directory.policies)
        role = Role(given.name, given.description, tuple(given.policies))
        name = stored.ROLES + role.name
        async with self._unchanged(name, given.etag, "role") as revision:
            await self._access.put(name, stored.render_role(role), expect_revision=revision)
        await self._tell(role_event("ACLRoleUpserted", role))
        return pb.PutRoleResponse(role=role_message(role))

    async def ListRoles(
        self, request: pb.ListRolesRequest, context: Context
    ) -> pb.ListRolesResponse:
        """List roles by name."""
        (await self._access.caller(context)).need_management("list roles")
        page, following = page_of(self._access.directory.roles, name_of, role_message, request)
        return pb.ListRolesResponse(roles=page, next_page_token=following)

    async def DeleteRole(
        self, request: pb.DeleteRoleRequest, context: Context
    ) -> pb.DeleteRoleResponse:
        """Delete a role."""
        (await self._access.caller(context)).need_management("change roles")
        role = self._known(self._access.directory.roles, request.name, "role", "name")
        name = stored.ROLES + request.name
        async with self._unchanged(name, request.etag, "role") as revision:
            await self._access.delete(name, expect_revision=revision)
        await self._tell(role_event("ACLRoleDeleted", role))
        return pb.DeleteRoleResponse()

    @asynccontextmanager
    async def _unchanged(self, name: str, etag: str, what: str) -> AsyncIterator[int | None]:
        """Yield the revision that has this etag, for a change; None = any.

        Raises:
            Outdated: the etag is another one, or changes meanwhile.
        """
        entry = await self._access.get(name) if etag else None
        if etag and (entry is None or etag_of(entry.value) != etag):
            raise Outdated(what)
        try:
            yield None if entry is None else entry.revision
        except StateConflict:
            raise Outdated(what) from None

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
        """Append the event of a change that is done; a failure of the event is only logged."""
        if self._announce is None:
            return
        try:
            await self._announce(event)
        except TidingsError as error:
            _log.warning("a change is not in the log", type=event.nomad.type, error=str(error))
