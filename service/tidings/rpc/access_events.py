"""Tidings' own changes of tokens and policies, as the events that Nomad makes of such changes."""

from __future__ import annotations

from tidings.access.principals import Policy, Token
from tidings.dialects.dialect import timestamp
from tidings.v1 import event_pb2, nomad_objects_pb2, nomad_pb2

SOURCE = "tidings"


def token_event(kind: str, token: Token) -> event_pb2.Event:
    """Return the event of a token: ACLTokenUpserted or ACLTokenDeleted. It has no secret."""
    acl_token = nomad_objects_pb2.ACLToken(
        accessor_id=token.id,
        name=token.name,
        type="management" if token.management else "client",
        policies=token.policies,
        create_time=timestamp(token.created_at_us),
    )
    if token.expires_at_us is not None:
        acl_token.expiration_time.CopyFrom(timestamp(token.expires_at_us))
    payload = nomad_pb2.NomadPayload(acl_token=acl_token)
    return _event("ACLToken", kind, token.id, payload)


def policy_event(kind: str, policy: Policy) -> event_pb2.Event:
    """Return the event of a policy: ACLPolicyUpserted or ACLPolicyDeleted."""
    acl_policy = nomad_objects_pb2.ACLPolicy(
        name=policy.name, description=policy.description, rules=policy.rules
    )
    return _event("ACLPolicy", kind, policy.name, nomad_pb2.NomadPayload(acl_policy=acl_policy))


def _event(topic: str, kind: str, key: str, payload: nomad_pb2.NomadPayload) -> event_pb2.Event:
    body = nomad_pb2.NomadEvent(topic=topic, type=kind, key=key, payload=payload)
    return event_pb2.Event(source=SOURCE, nomad=body)
