"""JWTs at the edge: calls, streams, Authenticate, and keys that are too new to be known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
import structlog
from google.rpc import error_details_pb2, status_pb2

from tests.access.jwts import START_S, jwk, jwks, signed
from tests.kit.clock import START_US
from tests.patience import PATIENCE_S
from tests.rpc import events
from tests.rpc.credentials import ROOT_SECRET, bearer, guarded, put_role, refused
from tests.rpc.serving import Served, draft, serving
from tests.rpc.test_access_streams import Reader
from tidings.access.directory import MAX_CREDENTIAL_CHARS
from tidings.access.jwks import NO_KEYS, parse_jwks
from tidings.access.policy_file import parse_policy_file
from tidings.v1 import access_service_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.access_service_pb2_grpc import AccessServiceStub

ISSUER = """
[jwt.login]
issuer = "https://login.test/"
audience = "tidings"
jwks = "keys.json"
policies_claim = "policies"
roles_claim = "roles"
grants.groups.admins.management = true
"""
POLICIES = """
[policies.reader]
nomad.namespaces."*" = ["read-job"]
puppet.jobs = "read"
[policies.publisher]
publish = ["nomad"]
"""


@pytest.fixture
def served(address: str) -> Iterator[Served]:
    assert START_US == START_S * 1_000_000
    deployment = guarded(POLICIES + ISSUER)
    deployment.key_sets = {"keys.json": jwks("ec", "ed", "rsa")}
    with serving(address, deployment) as one:
        yield one


def _publish(served: Served, credential: str) -> int:
    request = pb.PublishRequest(draft=draft(events.nomad("Job", key="k")))
    metadata = bearer(credential)
    return served.stub.Publish(request, timeout=PATIENCE_S, metadata=metadata).seq


def _who(served: Served, credential: str) -> access_service_pb2.AuthenticateResponse:
    request = access_service_pb2.AuthenticateRequest(credential=credential)
    return AccessServiceStub(served.channel).Authenticate(request, timeout=PATIENCE_S)


@pytest.mark.parametrize("kid", ["ec", "ed", "rsa"])
def test_a_jwt_is_a_credential_like_any_other(served: Served, kid: str) -> None:
    assert _publish(served, signed(kid, policies=["publisher"])) > 1
    denied = ("PERMISSION_DENIED", "not allowed to publish events")
    assert refused(lambda: _publish(served, signed(kid, policies=["reader"]))) == denied
    put_role(served.channel, "r", "publisher")
    assert _publish(served, signed(kid, roles=["r"])) > 1
    found = _who(served, signed(kid, policies=["reader"], roles=["r"])).principal
    assert (found.id, found.name, found.management) == ("u-1", "u-1", False)
    assert (list(found.policies), list(found.roles)) == (["reader"], ["r"])
    tokens = AccessServiceStub(served.channel).ListTokens(
        access_service_pb2.ListTokensRequest(),
        timeout=PATIENCE_S,
        metadata=bearer(signed(kid, groups=["admins"])),
    )
    assert [token.id for token in tokens.tokens] == ["root"]


@pytest.mark.parametrize(
    ("credential", "problem", "flaw"),
    [
        (signed(exp=START_S), "expired", ""),
        (signed("ec-other", {"kid": "ec"}), "invalid", "signature"),
        (signed(aud="x"), "invalid", "audience"),
        (signed(iss="x"), "invalid", "issuer"),
        (signed("ec-new"), "invalid", "key"),
        ("a.b.c", "invalid", "form"),
        ("x" * (MAX_CREDENTIAL_CHARS + 1), "invalid", "size"),
        (signed() + ".x", "unknown", ""),
    ],
    ids=lambda value: value if len(value) < 20 else "",
)
def test_a_bad_one_is_unauthenticated_and_says_why(
    served: Served, credential: str, problem: str, flaw: str
) -> None:
    with structlog.testing.capture_logs() as lines, pytest.raises(grpc.RpcError) as error:
        _publish(served, credential)
    failed: Any = error.value
    assert failed.code() is grpc.StatusCode.UNAUTHENTICATED
    text = f"the credential is {problem}" + (f": its {flaw}" if flaw else "")
    assert failed.details() == text
    rich = status_pb2.Status.FromString(dict(failed.trailing_metadata())["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    assert rich.details[0].Unpack(info)
    wanted = {"problem": problem, "flaw": flaw} if flaw else {"problem": problem}
    assert dict(info.metadata) == wanted
    answer = _who(served, credential)
    number = access_service_pb2.CredentialProblem.Value(f"CREDENTIAL_PROBLEM_{problem.upper()}")
    assert (answer.problem, answer.detail) == (number, text)
    assert credential not in str(lines)


def test_the_largest_credential_arrives_by_metadata(served: Served) -> None:
    spare = MAX_CREDENTIAL_CHARS - len(signed(policies=["publisher"], pad=""))
    credential = signed(policies=["publisher"], pad="x" * (spare * 3 // 4 - 2))
    assert MAX_CREDENTIAL_CHARS - 8 < len(credential) <= MAX_CREDENTIAL_CHARS
    assert _publish(served, credential) > 1


def test_a_jwt_that_expires_ends_its_streams_and_no_others(served: Served) -> None:
    short, long = signed(policies=["reader"]), signed(policies=["reader"], exp=START_S + 3600)
    with Reader(served, short) as ended, Reader(served, long) as stays:
        served.deployment.clock.at_us += 60_000_000
        assert ended.ends() == ("UNAUTHENTICATED", "the credential is expired")
        _publish(served, ROOT_SECRET)
        assert stays.next_event().nomad.key == "k"


def _without_the_issuer(served: Served) -> None:
    file = parse_policy_file(POLICIES)
    served.deployment.access.set_file(file)


def _with_another_audience(served: Served) -> None:
    file = parse_policy_file(POLICIES + ISSUER.replace('"tidings"', '"another"'))
    served.deployment.access.set_file(file, {"keys.json": parse_jwks(jwks("ec"))})


def _with_keys(keys: bytes) -> Callable[[Served], None]:
    return lambda served: served.deployment.access.set_keys("keys.json", parse_jwks(keys))


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        (_without_the_issuer, "issuer"),
        (_with_another_audience, "audience"),
        (_with_keys(jwks("ed")), "key"),
        (_with_keys(jwks("ed", jwk("ec-new", kid="ec"))), "key"),
    ],
)
def test_taking_back_an_issuer_or_a_key_ends_its_streams(
    served: Served, change: Callable[[Served], None], flaw: str
) -> None:
    with Reader(served, signed("ec", policies=["reader"])) as ended:
        served.server.call(lambda: change(served))
        assert ended.ends() == ("UNAUTHENTICATED", f"the credential is invalid: its {flaw}")


def test_other_keys_that_come_and_go_leave_streams_alone(served: Served) -> None:
    with Reader(served, signed("ec", policies=["reader"])) as stays:
        served.server.call(lambda: _with_keys(jwks("ec", "ec-new"))(served))
        assert _publish(served, signed("ec-new", policies=["publisher"])) > 1
        assert stays.next_event().nomad.key == "k"


def test_a_key_that_is_new_is_waited_for(served: Served) -> None:
    asked: list[str] = []

    async def find(place: str) -> None:
        asked.append(place)
        _with_keys(jwks("ec", "ec-new"))(served)

    served.deployment.access.find_newer_keys = find
    assert _publish(served, signed("ec-new", policies=["publisher"])) > 1
    assert _who(served, signed("ec-newest")).detail == "the credential is invalid: its key"
    assert asked == ["keys.json"] * 2


def test_a_bad_signature_asks_for_no_keys(served: Served) -> None:
    async def find(_place: str) -> None:
        raise AssertionError

    served.deployment.access.find_newer_keys = find
    for credential in (signed("ec-x", {"kid": "ec"}), signed("ec", {"kid": None}), signed(aud="x")):
        assert refused(lambda: _publish(served, credential))[0] == "UNAUTHENTICATED"  # noqa: B023


def test_an_issuer_whose_keys_were_never_seen_lets_nobody_in(served: Served) -> None:
    served.server.call(lambda: served.deployment.access.set_keys("keys.json", NO_KEYS))
    assert _who(served, signed()).detail == "the credential is invalid: its key"
