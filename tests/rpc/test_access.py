"""AccessService, and how credentials are told apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2

from tests.kit.clock import START_US
from tests.patience import PATIENCE_S
from tests.rpc import events
from tests.rpc.credentials import (
    ROOT_SECRET,
    bearer,
    guarded,
    put_policy,
    put_role,
    refused,
    revoke,
    token_of,
)
from tests.rpc.serving import Served, draft, publish, serving, subscribe_request
from tidings.access.principals import KEPT_ENDED_US
from tidings.access.secret import hash_of
from tidings.core.errors import StoreUnavailable
from tidings.v1 import access_service_pb2 as pb
from tidings.v1 import event_pb2, event_service_pb2, nomad_pb2
from tidings.v1.access_service_pb2_grpc import AccessServiceStub

ROOT: dict[str, Any] = {"timeout": PATIENCE_S, "metadata": bearer(ROOT_SECRET)}
FILE_POLICY = "[policies.of-file]\npublish = ['nomad']\n[roles.filed]\npolicies = ['of-file']\n"


@pytest.fixture
def served(address: str) -> Iterator[Served]:
    with serving(address, guarded(FILE_POLICY)) as one:
        yield one


@pytest.fixture
def access(served: Served) -> AccessServiceStub:
    return AccessServiceStub(served.channel)


def _who(access: AccessServiceStub, credential: str) -> pb.AuthenticateResponse:
    request = pb.AuthenticateRequest(credential=credential)
    return access.Authenticate(request, timeout=PATIENCE_S)


def _publish(served: Served, metadata: tuple[tuple[str, str], ...]) -> object:
    request = event_service_pb2.PublishRequest(draft=draft(events.nomad()))
    return served.stub.Publish(request, timeout=PATIENCE_S, metadata=metadata)


def test_authenticate_says_whose_a_credential_is(served: Served, access: AccessServiceStub) -> None:
    token_id, secret = token_of(served.channel, "ci", policies=["of-file"])
    found = _who(access, secret).principal
    assert (found.id, found.name, found.management) == (token_id, "ci", False)
    assert list(found.policies) == ["of-file"]
    assert _who(access, "").principal.id == "anonymous"
    assert _who(access, ROOT_SECRET).principal.management


def test_authenticate_says_why_a_credential_is_nobodys_and_is_never_late(
    served: Served, access: AccessServiceStub
) -> None:
    expires_at = Timestamp(seconds=START_US // 1_000_000 + 60)
    _, expiring = token_of(served.channel, "e", expires_at=expires_at)
    token_id, revoked = token_of(served.channel, "r")
    assert _who(access, expiring).HasField("principal")
    assert _who(access, revoked).HasField("principal")
    served.deployment.clock.at_us += 60_000_000
    assert revoke(served.channel, token_id).HasField("revoked_at")
    assert _who(access, expiring).problem == pb.CREDENTIAL_PROBLEM_EXPIRED
    assert _who(access, revoked).problem == pb.CREDENTIAL_PROBLEM_REVOKED
    unknown = _who(access, "canary")
    assert unknown.problem == pb.CREDENTIAL_PROBLEM_UNKNOWN
    assert unknown.detail == "the credential is unknown"


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (None, "missing"),
        ("Bearer nonsense", "unknown"),
        ("bearer  nonsense ", "unknown"),
        ("Bearer", "invalid"),
        ("Basic eDp5", "invalid"),
        (ROOT_SECRET, "invalid"),
    ],
)
def test_a_bad_credential_is_unauthenticated_and_says_why(
    served: Served, header: str | None, problem: str
) -> None:
    metadata = (("authorization", header),) if header is not None else ()
    with pytest.raises(grpc.RpcError) as error:
        _publish(served, metadata)
    failed: Any = error.value
    assert failed.code() is grpc.StatusCode.UNAUTHENTICATED
    assert failed.details() == f"the credential is {problem}"
    rich = status_pb2.Status.FromString(dict(failed.trailing_metadata())["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    assert rich.details[0].Unpack(info)
    assert (info.reason, dict(info.metadata)) == ("UNAUTHENTICATED", {"problem": problem})


def test_a_good_credential_without_the_right_is_denied(served: Served) -> None:
    _, secret = token_of(served.channel)
    denied = ("PERMISSION_DENIED", "not allowed to publish events")
    assert refused(lambda: _publish(served, bearer(secret))) == denied


@pytest.mark.parametrize(
    ("topic", "claim"),
    [
        ("ACLToken", {"source": "tidings"}),
        ("Job", {"source": "tidings"}),
        ("Job", {"copied_from": ["the log of others, which would leave it out"]}),
    ],
)
def test_only_management_speaks_as_tidings(
    served: Served, topic: str, claim: dict[str, Any]
) -> None:
    _, secret = token_of(served.channel, policies=["of-file"])
    forged = events.nomad(topic)
    forged.MergeFrom(event_pb2.Event(**claim))
    request = event_service_pb2.PublishRequest(draft=draft(forged))
    stream = event_service_pb2.PublishStreamRequest(drafts=[draft(forged), draft(events.nomad())])
    denied = ("PERMISSION_DENIED", "not allowed to publish events of tidings")
    metadata = bearer(secret)
    call = served.stub.Publish
    assert refused(lambda: call(request, timeout=PATIENCE_S, metadata=metadata)) == denied
    (answer,) = served.stub.PublishStream(iter([stream]), timeout=PATIENCE_S, metadata=metadata)
    assert answer.results[0].error.message == denied[1]
    assert answer.results[1].HasField("stored")
    assert call(request, **ROOT).seq > 1


def test_a_token_is_listed_without_its_secret(served: Served, access: AccessServiceStub) -> None:
    made = []
    for name in ("a", "b", "c"):
        served.deployment.clock.at_us += 1_000_000
        made.append(token_of(served.channel, name)[0])
    first = access.ListTokens(pb.ListTokensRequest(page_size=2), **ROOT)
    assert [token.name for token in first.tokens] == ["root", "a"]
    rest = pb.ListTokensRequest(page_token=first.next_page_token)
    second = access.ListTokens(rest, **ROOT)
    assert [token.id for token in second.tokens] == made[1:]
    assert second.next_page_token == ""
    token = first.next_page_token
    assert made[0] not in token, "clients would take it apart"
    of_another = ("INVALID_ARGUMENT", "page_token: is of another request, or of another log")
    policies = pb.ListPoliciesRequest(page_token=token)
    assert refused(lambda: access.ListPolicies(policies, **ROOT)) == of_another
    roles = pb.ListRolesRequest(page_token=token)
    assert refused(lambda: access.ListRoles(roles, **ROOT)) == of_another


def test_only_hashes_are_stored(served: Served) -> None:
    token_id, secret = token_of(served.channel)
    entry = served.run(served.store.state.get(f"access/token/{token_id}"))
    assert entry is not None
    assert hash_of(secret).encode() in entry.value
    assert secret.encode() not in entry.value


def test_policies_are_made_listed_and_deleted(served: Served, access: AccessServiceStub) -> None:
    put_policy(served.channel, "p", "publish = ['nomad']")
    _, secret = token_of(served.channel, policies=["p"])
    assert _publish(served, bearer(secret))
    listed = access.ListPolicies(pb.ListPoliciesRequest(), **ROOT).policies
    assert [(policy.name, policy.rules) for policy in listed] == [
        ("of-file", ""),
        ("p", "publish = ['nomad']"),
    ]
    put_policy(served.channel, "p", "publish = ['consul']")
    denied = ("PERMISSION_DENIED", "not allowed to publish events of nomad")
    assert refused(lambda: _publish(served, bearer(secret))) == denied
    access.DeletePolicy(pb.DeletePolicyRequest(name="p"), **ROOT)
    assert refused(lambda: _publish(served, bearer(secret)))[0] == "PERMISSION_DENIED"
    put_policy(served.channel, "p", "publish = ['nomad']")  # the token kept its name
    assert _publish(served, bearer(secret))


@pytest.mark.parametrize(
    ("method", "request_", "code", "text"),
    [
        ("CreateToken", pb.CreateTokenRequest(), "INVALID_ARGUMENT", "name: must be"),
        (
            "CreateToken",
            pb.CreateTokenRequest(name="a", policies=["no"]),
            "NOT_FOUND",
            "no policy no",
        ),
        (
            "CreateToken",
            pb.CreateTokenRequest(name="a", policies=["a b"]),
            "INVALID_ARGUMENT",
            "policies[0]: must be",
        ),
        (
            "CreateToken",
            pb.CreateTokenRequest(name="a", policies=["p"] * 101),
            "INVALID_ARGUMENT",
            "policies: at most 100",
        ),
        (
            "CreateToken",
            pb.CreateTokenRequest(name="a", expires_at=Timestamp(seconds=1)),
            "INVALID_ARGUMENT",
            "expires_at: lies in the past",
        ),
        ("ListTokens", pb.ListTokensRequest(page_size=-1), "INVALID_ARGUMENT", "page_size: must"),
        ("RevokeToken", pb.RevokeTokenRequest(id="x"), "NOT_FOUND", "no token x"),
        ("RevokeToken", pb.RevokeTokenRequest(id="root"), "INVALID_ARGUMENT", "the policy file's"),
        (
            "CreateToken",
            pb.CreateTokenRequest(name="a", request_id="A1"),
            "INVALID_ARGUMENT",
            "request_id: must be a UUID in lower case with hyphens",
        ),
        ("PutPolicy", pb.PutPolicyRequest(), "INVALID_ARGUMENT", "policy.name: must be"),
        (
            "PutPolicy",
            pb.PutPolicyRequest(policy=pb.Policy(name="p", rules="x = 1")),
            "INVALID_ARGUMENT",
            "policy.rules.x: no such rule",
        ),
        (
            "PutPolicy",
            pb.PutPolicyRequest(policy=pb.Policy(name="p", description="x" * 1001)),
            "INVALID_ARGUMENT",
            "policy.description: more than 1000",
        ),
        (
            "PutPolicy",
            pb.PutPolicyRequest(policy=pb.Policy(name="of-file")),
            "INVALID_ARGUMENT",
            "policy.name: this policy is the policy file's",
        ),
        ("DeletePolicy", pb.DeletePolicyRequest(name="x"), "NOT_FOUND", "no policy x"),
        ("CreateToken", pb.CreateTokenRequest(name="a", roles=["no"]), "NOT_FOUND", "no role no"),
        (
            "CreateToken",
            pb.CreateTokenRequest(name="a", roles=["r"] * 101),
            "INVALID_ARGUMENT",
            "roles: at most 100",
        ),
        ("PutRole", pb.PutRoleRequest(), "INVALID_ARGUMENT", "role.name: must be"),
        (
            "PutRole",
            pb.PutRoleRequest(role=pb.Role(name="r", policies=["no"])),
            "NOT_FOUND",
            "no policy no",
        ),
        (
            "PutRole",
            pb.PutRoleRequest(role=pb.Role(name="r", description="x" * 1001)),
            "INVALID_ARGUMENT",
            "role.description: more than 1000",
        ),
        (
            "PutRole",
            pb.PutRoleRequest(role=pb.Role(name="filed")),
            "INVALID_ARGUMENT",
            "role.name: this role is the policy file's",
        ),
        ("DeleteRole", pb.DeleteRoleRequest(name="x"), "NOT_FOUND", "no role x"),
        (
            "DeleteRole",
            pb.DeleteRoleRequest(name="filed"),
            "INVALID_ARGUMENT",
            "name: this role is the policy file's",
        ),
        (
            "DeletePolicy",
            pb.DeletePolicyRequest(name="of-file"),
            "INVALID_ARGUMENT",
            "name: this policy is the policy file's",
        ),
    ],
)
def test_a_bad_request_is_refused_and_changes_nothing(
    served: Served, access: AccessServiceStub, method: str, request_: Any, code: str, text: str
) -> None:
    failed, said = refused(lambda: getattr(access, method)(request_, **ROOT))
    assert failed == code
    assert text in said
    assert served.run(served.store.state.list("access/")) == []


def test_a_revoked_token_can_be_revoked_again(served: Served) -> None:
    token_id, _ = token_of(served.channel)
    once = revoke(served.channel, token_id)
    served.deployment.clock.at_us += 1_000_000
    assert revoke(served.channel, token_id) == once


def test_tokens_of_another_service_count_here(served: Served, access: AccessServiceStub) -> None:
    token_id, secret = token_of(served.channel)
    state = served.store.state
    name = f"access/token/{token_id}"
    entry = served.run(state.get(name))
    assert entry is not None
    served.run(state.delete(name))
    assert _becomes(access, secret, pb.CREDENTIAL_PROBLEM_UNKNOWN)
    served.run(state.put(name, entry.value))
    assert _becomes(access, secret, pb.CREDENTIAL_PROBLEM_UNSPECIFIED)


def _becomes(access: AccessServiceStub, credential: str, problem: int) -> bool:
    """Ask until the answer is this one: the store's watch tells within moments."""
    return any(_who(access, credential).problem == problem for _ in range(10_000))


REQUEST_ID = "0a1b2c3d-0000-4000-8000-00000000abcd"


def test_a_token_is_made_once_by_the_same_request(
    served: Served, access: AccessServiceStub
) -> None:
    request = pb.CreateTokenRequest(
        name="ci", request_id=REQUEST_ID, expires_at=Timestamp(seconds=9_000_000_000)
    )
    first = access.CreateToken(request, timeout=PATIENCE_S, metadata=bearer(ROOT_SECRET))
    again = access.CreateToken(request, timeout=PATIENCE_S, metadata=bearer(ROOT_SECRET))
    assert (first.token.id, again.token, again.secret) == (REQUEST_ID, first.token, "")
    assert _who(access, first.secret).principal.id == REQUEST_ID
    request.management = True
    told = refused(
        lambda: access.CreateToken(request, timeout=PATIENCE_S, metadata=bearer(ROOT_SECRET))
    )
    assert told == ("ALREADY_EXISTS", "request_id: is another token's")
    listed = access.ListTokens(
        pb.ListTokensRequest(), timeout=PATIENCE_S, metadata=bearer(ROOT_SECRET)
    )
    assert [token.id for token in listed.tokens].count(REQUEST_ID) == 1


def test_a_token_that_another_service_has_just_made_is_not_made_again(
    served: Served, access: AccessServiceStub
) -> None:
    """The other's may be in the store before this one has heard of it."""
    request = pb.CreateTokenRequest(name="ci", request_id=REQUEST_ID)
    made = access.CreateToken(request, timeout=PATIENCE_S, metadata=bearer(ROOT_SECRET))
    served.server.call(lambda: served.deployment.access.directory.tokens.drop(REQUEST_ID))
    again = access.CreateToken(request, timeout=PATIENCE_S, metadata=bearer(ROOT_SECRET))
    assert (again.token, again.secret) == (made.token, "")


def test_a_policy_is_changed_only_as_it_was_read(served: Served, access: AccessServiceStub) -> None:
    put_policy(served.channel, "p", "publish = ['nomad']")
    root: Any = {"timeout": PATIENCE_S, "metadata": bearer(ROOT_SECRET)}
    (read,) = (
        each
        for each in access.ListPolicies(pb.ListPoliciesRequest(), **root).policies
        if each.name == "p"
    )
    first = pb.Policy(name="p", rules="publish = ['consul']", etag=read.etag)
    stored = access.PutPolicy(pb.PutPolicyRequest(policy=first), **root).policy
    assert stored.etag not in ("", read.etag)
    late = "the etag is not that of the policy that there is"
    for outdated in (
        lambda: access.PutPolicy(pb.PutPolicyRequest(policy=first), **root),
        lambda: access.DeletePolicy(pb.DeletePolicyRequest(name="p", etag=read.etag), **root),
    ):
        assert refused(outdated) == ("ABORTED", late)
    access.DeletePolicy(pb.DeletePolicyRequest(name="p", etag=stored.etag), **root)
    first.etag = stored.etag
    told = refused(lambda: access.PutPolicy(pb.PutPolicyRequest(policy=first), **root))
    assert told == ("ABORTED", late)  # deleted meanwhile


def test_a_role_is_changed_only_as_it_was_read(served: Served, access: AccessServiceStub) -> None:
    root: Any = {"timeout": PATIENCE_S, "metadata": bearer(ROOT_SECRET)}
    role = pb.Role(name="r", description="first")
    read = access.PutRole(pb.PutRoleRequest(role=role), **root).role
    role.description = "second"
    access.PutRole(pb.PutRoleRequest(role=role), **root)
    role.etag = read.etag
    late = ("ABORTED", "the etag is not that of the role that there is")
    assert refused(lambda: access.PutRole(pb.PutRoleRequest(role=role), **root)) == late
    delete = pb.DeleteRoleRequest(name="r", etag=read.etag)
    assert refused(lambda: access.DeleteRole(delete, **root)) == late


def test_an_open_service_looks_at_no_credential(address: str) -> None:
    with serving(address) as one:
        assert _publish(one, bearer("nonsense"))
        assert publish(one.stub, events.nomad()).seq > 2


def test_roles_are_made_listed_and_deleted(served: Served, access: AccessServiceStub) -> None:
    put_policy(served.channel, "p", "publish = ['consul']")
    put_role(served.channel, "r", "p", "of-file")
    token_id, secret = token_of(served.channel, roles=["r"])
    assert list(_who(access, secret).principal.roles) == ["r"]
    assert _publish(served, bearer(secret))
    (listed,) = (
        one for one in access.ListTokens(pb.ListTokensRequest(), **ROOT).tokens if one.roles
    )
    assert (listed.id, list(listed.roles), list(listed.policies)) == (token_id, ["r"], [])
    roles = access.ListRoles(pb.ListRolesRequest(page_size=1), **ROOT)
    assert [(role.name, list(role.policies)) for role in roles.roles] == [("filed", ["of-file"])]
    rest = access.ListRoles(pb.ListRolesRequest(page_token=roles.next_page_token), **ROOT)
    assert [(role.name, list(role.policies)) for role in rest.roles] == [("r", ["p", "of-file"])]
    put_role(served.channel, "r", "p")
    denied = ("PERMISSION_DENIED", "not allowed to publish events of nomad")
    assert refused(lambda: _publish(served, bearer(secret))) == denied
    access.DeleteRole(pb.DeleteRoleRequest(name="r"), **ROOT)
    denied = ("PERMISSION_DENIED", "not allowed to publish events")
    assert refused(lambda: _publish(served, bearer(secret))) == denied


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("CreateToken", pb.CreateTokenRequest(name="a", management=True)),
        ("ListTokens", pb.ListTokensRequest()),
        ("RevokeToken", pb.RevokeTokenRequest(id="root")),
        ("PutPolicy", pb.PutPolicyRequest()),
        ("ListPolicies", pb.ListPoliciesRequest()),
        ("DeletePolicy", pb.DeletePolicyRequest(name="of-file")),
        ("PutRole", pb.PutRoleRequest()),
        ("ListRoles", pb.ListRolesRequest()),
        ("DeleteRole", pb.DeleteRoleRequest(name="filed")),
    ],
)
def test_all_but_authenticate_need_management_before_anything_else(
    served: Served, access: AccessServiceStub, method: str, request_: Any
) -> None:
    _, secret = token_of(served.channel, "x", roles=["filed"])
    for metadata, code in ((bearer(secret), "PERMISSION_DENIED"), ((), "UNAUTHENTICATED")):
        call = getattr(access, method)
        answer = refused(lambda: call(request_, timeout=PATIENCE_S, metadata=metadata))  # noqa: B023
        assert answer[0] == code


def test_a_caller_named_anonymous_is_not_the_anonymous_one(address: str) -> None:
    token = f'[[tokens]]\nname = "anonymous"\nhash = "{hash_of("a")}"\n'
    with serving(address, guarded(token + "[policies.anonymous]\npublish = ['nomad']\n")) as one:
        denied = ("PERMISSION_DENIED", "not allowed to publish events")
        assert refused(lambda: _publish(one, bearer("a"))) == denied
        assert _publish(one, ())


def test_tokens_that_ended_long_ago_are_forgotten(address: str) -> None:
    deployment = guarded()
    with serving(address, deployment) as one:
        _, valid = token_of(one.channel, "valid")
        _, revoked = token_of(one.channel, "revoked")
        expires_at = Timestamp(seconds=START_US // 1_000_000 + 60)
        _, expired = token_of(one.channel, "expired", expires_at=expires_at)
        revoke(one.channel, _who(AccessServiceStub(one.channel), revoked).principal.id)
        deployment.clock.at_us += 60_000_000 + KEPT_ENDED_US
        one.run(deployment.access.forget())
        access = AccessServiceStub(one.channel)
        assert _who(access, valid).HasField("principal")
        for gone in (revoked, expired):
            assert _who(access, gone).problem == pb.CREDENTIAL_PROBLEM_UNKNOWN
        assert len(one.run(one.store.state.list("access/token/"))) == 1


def test_changes_are_events_without_secrets(address: str) -> None:
    with serving(address, guarded(access_events=True)) as one:
        put_policy(one.channel, "p", "publish = ['nomad']")
        put_role(one.channel, "r", "p")
        token_id, secret = token_of(one.channel, "ci", policies=["p"], roles=["r"])
        revoke(one.channel, token_id)
        access = AccessServiceStub(one.channel)
        access.DeleteRole(pb.DeleteRoleRequest(name="r"), **ROOT)
        access.DeletePolicy(pb.DeletePolicyRequest(name="p"), **ROOT)
        request = event_service_pb2.SubscribeRequest(after_seq=1)
        request.selection.nomad.SetInParent()
        found: list[tuple[str, str, str]] = []
        for message in one.stub.Subscribe(request, **ROOT):
            assert secret.encode() not in message.SerializeToString()
            for record in message.batch.records:
                (event,) = record.events
                assert event.source == "tidings"
                assert event.nomad.payload.acl_token.secret_id == ""
                found.append((event.nomad.topic, event.nomad.type, event.nomad.key))
            if message.HasField("heartbeat"):
                break
        assert found == [
            ("ACLPolicy", "ACLPolicyUpserted", "p"),
            ("ACLRole", "ACLRoleUpserted", "r"),
            ("ACLToken", "ACLTokenUpserted", token_id),
            ("ACLToken", "ACLTokenDeleted", token_id),
            ("ACLRole", "ACLRoleDeleted", "r"),
            ("ACLPolicy", "ACLPolicyDeleted", "p"),
        ]


def test_a_change_counts_also_when_its_event_cannot_be_stored(address: str) -> None:
    with serving(address, guarded(access_events=True)) as one:
        from_store = one.store.failures
        from_store.append(StoreUnavailable("append"))
        _, secret = token_of(one.channel)
        found = _who(AccessServiceStub(one.channel), secret)
        assert found.principal.name == "t"
        assert from_store == []


def test_the_acl_topics_need_management(served: Served) -> None:
    put_policy(served.channel, "p", "nomad.namespaces.'*' = ['read-job']")
    _, secret = token_of(served.channel, policies=["p"])
    selector = nomad_pb2.NomadSelector(topics=[nomad_pb2.NomadTopicFilter(topic="ACLToken")])
    request = subscribe_request(nomad=selector)
    call = served.stub.Subscribe(request, timeout=PATIENCE_S, metadata=bearer(secret))
    denied = ("PERMISSION_DENIED", "not allowed to read topic ACLToken")
    assert refused(lambda: next(iter(call))) == denied
