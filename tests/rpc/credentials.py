"""A service with access control, and callers with credentials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from tests.patience import PATIENCE_S
from tests.rpc.serving import Deployment
from tidings.access.secret import hash_of
from tidings.v1 import access_service_pb2 as pb
from tidings.v1.access_service_pb2_grpc import AccessServiceStub

ROOT_SECRET = "canary-of-the-root"
POLICY_FILE = f"""
[[tokens]]
name = "root"
hash = "{hash_of(ROOT_SECRET)}"
management = true
"""


def guarded(policies: str = "", *, access_events: bool = False) -> Deployment:
    """Return a deployment whose one token is the root, and which has these policies."""
    return Deployment(policy_file=POLICY_FILE + policies, access_events=access_events)


def bearer(secret: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {secret}"),) if secret else ()


def token_of(channel: grpc.Channel, name: str = "t", **fields: Any) -> tuple[str, str]:
    """Make a token; return its id and its secret."""
    request = pb.CreateTokenRequest(name=name, **fields)
    made = AccessServiceStub(channel).CreateToken(
        request, timeout=PATIENCE_S, metadata=bearer(ROOT_SECRET)
    )
    return made.token.id, made.secret


def revoke(channel: grpc.Channel, token_id: str) -> pb.Token:
    request = pb.RevokeTokenRequest(id=token_id)
    answer = AccessServiceStub(channel).RevokeToken(
        request, timeout=PATIENCE_S, metadata=bearer(ROOT_SECRET)
    )
    return answer.token


def put_policy(channel: grpc.Channel, name: str, rules: str) -> None:
    request = pb.PutPolicyRequest(policy=pb.Policy(name=name, rules=rules))
    AccessServiceStub(channel).PutPolicy(request, timeout=PATIENCE_S, metadata=bearer(ROOT_SECRET))


def put_role(channel: grpc.Channel, name: str, *policies: str) -> None:
    request = pb.PutRoleRequest(role=pb.Role(name=name, policies=policies))
    AccessServiceStub(channel).PutRole(request, timeout=PATIENCE_S, metadata=bearer(ROOT_SECRET))


def refused(call: Callable[[], object]) -> tuple[str, str]:
    """Return the status and the text of a call that must fail."""
    with pytest.raises(grpc.RpcError) as error:
        call()
    failed: Any = error.value
    return failed.code().name, failed.details() or ""
