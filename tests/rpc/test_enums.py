"""Numbers of enums that the contract does not have: no method guesses what was meant by them."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message

from tests.patience import PATIENCE_S
from tests.rpc.serving import refusal
from tidings.v1 import access_service_pb2, event_service_pb2, source_service_pb2
from tidings.v1.event_service_pb2_grpc import EventServiceStub

FIELDS = [
    (method, field)
    for file in (access_service_pb2, event_service_pb2, source_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
    for field in method.input_type.fields
    if field.enum_type is not None
]


def ask(stub: EventServiceStub, method: MethodDescriptor, request: Message) -> None:
    answer = getattr(stub, method.name)(request, timeout=PATIENCE_S)
    if method.server_streaming:
        next(answer)


def test_there_are_such_methods() -> None:
    assert {method.name for method, _ in FIELDS} >= {
        "Subscribe",
        "ReadRecords",
        "ListClusterEvents",
    }


@pytest.mark.parametrize(
    ("method", "field"), FIELDS, ids=[f"{method.name}.{field.name}" for method, field in FIELDS]
)
def test_an_unknown_number_is_refused_by_the_name_of_its_field(
    method: MethodDescriptor, field: FieldDescriptor, stub: EventServiceStub
) -> None:
    request = message_factory.GetMessageClass(method.input_type)()
    if field.is_repeated:
        getattr(request, field.name).append(77)
    else:
        setattr(request, field.name, 77)
    with pytest.raises(grpc.RpcError) as error:
        ask(stub, method, request)
    code, details = refusal(error.value)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    place = f"{field.name}[0]" if field.is_repeated else field.name
    assert details.startswith(f"{place}: not a value of tidings.v1.")
