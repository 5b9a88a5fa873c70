"""Every method of every service, called by those who may do nothing: none is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from tests.access.jwts import START_S, jwks, signed
from tests.patience import PATIENCE_S
from tests.rpc import events
from tests.rpc.credentials import ROOT_SECRET, bearer, guarded, revoke, token_of
from tests.rpc.serving import Served, draft, serving
from tests.rpc.test_access_jwt import ISSUER
from tidings.v1 import access_service_pb2, event_service_pb2

EVENTS = event_service_pb2.DESCRIPTOR.services_by_name["EventService"]
ACCESS = access_service_pb2.DESCRIPTOR.services_by_name["AccessService"]
METHODS: list[MethodDescriptor] = [*EVENTS.methods, *ACCESS.methods]
REQUESTS: dict[str, Message] = {
    "Publish": event_service_pb2.PublishRequest(draft=draft(events.nomad())),
    "PublishStream": event_service_pb2.PublishStreamRequest(drafts=[draft(events.nomad())]),
    "Subscribe": event_service_pb2.SubscribeRequest(
        position=event_service_pb2.START_POSITION_EARLIEST
    ),
    "Fire": event_service_pb2.FireRequest(name="web"),
    "GetJobEvents": event_service_pb2.GetJobEventsRequest(job_id="352"),
    "GetClusterEvent": event_service_pb2.GetClusterEventRequest(event_id="latest"),
}
"""What would be answered with management; for the others an empty one."""

OPEN_TO_ALL = {"Authenticate"}
"""It looks at the credential in the request, and at no other."""

LEAVES_OUT = {"List"}
"""Without a right it answers as if there were nothing."""

WITHOUT_RIGHTS = {"missing", "powerless", "powerless JWT"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    deployment = guarded(ISSUER)
    deployment.key_sets = {"keys.json": jwks("ec")}
    with serving(f"unix:{tmp_path_factory.mktemp('every') / 'socket'}", deployment) as one:
        fire = event_service_pb2.FireRequest(name="web")
        one.stub.Fire(fire, timeout=PATIENCE_S, metadata=bearer(ROOT_SECRET))
        yield one


@pytest.fixture(scope="module")
def credentials(served: Served) -> dict[str, str]:
    revoked_id, revoked = token_of(served.channel, "revoked", management=True)
    revoke(served.channel, revoked_id)
    return {
        "missing": "",
        "unknown": "no-such-token",
        "revoked": revoked,
        "powerless": token_of(served.channel, "powerless")[1],
        "powerless JWT": signed(),
        "expired JWT": signed(exp=START_S, groups=["admins"]),
        "forged JWT": signed("ec-other", {"kid": "ec"}, groups=["admins"]),
    }


def _status(served: Served, method: MethodDescriptor, credential: str) -> str:
    made = getattr(served.channel, _shape(method))(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
    )
    empty = message_factory.GetMessageClass(method.input_type)()
    request = REQUESTS.get(method.name, empty)
    given: Any = iter([request]) if method.client_streaming else request
    try:
        answer = made(given, timeout=PATIENCE_S, metadata=bearer(credential))
        if method.server_streaming:
            next(iter(answer))
        elif method.name in LEAVES_OUT:
            assert (answer.index, len(answer.events)) == (1, 0)
    except grpc.RpcError as error:
        failed: Any = error
        return str(failed.code().name)
    return "OK"


def _shape(method: MethodDescriptor) -> str:
    sides = (method.client_streaming, method.server_streaming)
    return "_".join("stream" if is_streaming else "unary" for is_streaming in sides)


def test_health_and_reflection_need_no_credential(served: Served) -> None:
    health: Any = HealthStub(served.channel)
    answer = health.Check(HealthCheckRequest(), timeout=PATIENCE_S, metadata=bearer("nonsense"))
    assert answer.status == HealthCheckResponse.SERVING
    reflected = ProtoReflectionDescriptorDatabase(served.channel).get_services()
    assert {EVENTS.full_name, ACCESS.full_name} < set(reflected)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("missing", "UNAUTHENTICATED"),
        ("unknown", "UNAUTHENTICATED"),
        ("revoked", "UNAUTHENTICATED"),
        ("powerless", "PERMISSION_DENIED"),
        ("powerless JWT", "PERMISSION_DENIED"),
        ("expired JWT", "UNAUTHENTICATED"),
        ("forged JWT", "UNAUTHENTICATED"),
    ],
)
def test_who_may_do_nothing_does_nothing(
    served: Served, credentials: dict[str, str], method: MethodDescriptor, kind: str, status: str
) -> None:
    before = served.deployment.log.last_seq
    found = _status(served, method, credentials[kind])
    if method.name in OPEN_TO_ALL or (method.name in LEAVES_OUT and kind in WITHOUT_RIGHTS):
        assert found == "OK"
    else:
        assert found == status
    assert served.deployment.log.last_seq == before
