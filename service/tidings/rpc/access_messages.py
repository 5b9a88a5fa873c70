"""Tokens, policies and roles as messages."""

from __future__ import annotations

import hashlib

from google.protobuf.timestamp_pb2 import Timestamp

from tidings.access import stored
from tidings.access.principals import Policy, Principal, Role, Token
from tidings.dialects.rules import timestamp
from tidings.v1 import access_service_pb2 as pb

_ETAG_DIGITS = 32


def etag_of(value: bytes) -> str:
    """Return the etag of a stored policy or role: equal for equal content."""
    return hashlib.sha256(value).hexdigest()[:_ETAG_DIGITS]


def authenticated(found: Principal) -> pb.AuthenticateResponse:
    """Return the answer for a valid credential."""
    return pb.AuthenticateResponse(
        principal=pb.Principal(
            id=found.id,
            name=found.name,
            management=found.management,
            policies=found.policies,
            roles=found.roles,
        )
    )


def token_message(token: Token) -> pb.Token:
    """Return a token without its hash."""
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


def policy_message(policy: Policy) -> pb.Policy:
    """Return a policy with its etag."""
    return pb.Policy(
        name=policy.name,
        description=policy.description,
        rules=policy.rules,
        etag=etag_of(stored.render_policy(policy)),
    )


def role_message(role: Role) -> pb.Role:
    """Return a role with its etag."""
    return pb.Role(
        name=role.name,
        description=role.description,
        policies=role.policies,
        etag=etag_of(stored.render_role(role)),
    )


def _time(time_us: int | None) -> Timestamp | None:
    return None if time_us is None else timestamp(time_us)
