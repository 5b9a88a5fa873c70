"""Changes of Tidings' own tokens, policies and roles, as the events that Nomad has for them."""

from __future__ import annotations

from tidings.access.principals import Policy, Role, Token
from tidings.dialects.rules import OWN_SOURCE, timestamp
from tidings.v1 import event_pb2, nomad_objects_pb2, nomad_pb2


def token_event(kind: str, token: Token) -> event_pb2.Event:
    """Return the event of a token: ACLTokenUpserted or ACLTokenDeleted. It has no secret."""
    acl_token = nomad_objects_pb2.ACLToken(
        accessor_id=token.id,
        name=token.name,
        type="management" if token.management else "client",
        policies=token.policies,
        roles=[nomad_objects_pb2.ACLTokenRoleLink(id=name, name=name) for name in token.roles],
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


def role_event(kind: str, role: Role) -> event_pb2.Event:
    """Return the event of a role: ACLRoleUpserted or ACLRoleDeleted. Its name is its ID too."""
    acl_role = nomad_objects_pb2.ACLRole(
        id=role.name,
        name=role.name,
        description=role.description,
        policies=[nomad_objects_pb2.ACLRolePolicyLink(name=name) for name in role.policies],
    )
    payload = nomad_pb2.NomadPayload(acl_role=acl_role)
    return _event("ACLRole", kind, role.name, payload, role.name)


def _event(
    topic: str, kind: str, key: str, payload: nomad_pb2.NomadPayload, *filter_keys: str
) -> event_pb2.Event:
    body = nomad_pb2.NomadEvent(
        topic=topic, type=kind, key=key, filter_keys=filter_keys, payload=payload
    )
    return event_pb2.Event(source=OWN_SOURCE, nomad=body)
