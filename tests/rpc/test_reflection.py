"""Server reflection: both of its names, and nothing that is not served."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message_factory import GetMessageClass

from tests.patience import PATIENCE_S
from tests.rpc.serving import Served
from tidings.rpc import reflection

NAMES = [reflection.V1.full_name, reflection.V1ALPHA.full_name]
OURS = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "tidings.v1.AccessService",
    "tidings.v1.EventService",
    "tidings.v1.SourceService",
]


def ask(served: Served, name: str, **question: str) -> Any:
    """Ask reflection of one name, with the messages that its own descriptors describe."""
    service = reflection.V1 if name == reflection.V1.full_name else reflection.V1ALPHA
    (method,) = service.methods
    request = GetMessageClass(method.input_type)(**question)
    call: Any = served.channel.stream_stream(
        f"/{name}/{method.name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    answer: Any
    (answer,) = call(iter([request]), timeout=PATIENCE_S)
    assert answer.original_request == request
    return answer


@pytest.mark.parametrize("name", NAMES)
def test_the_services_are_listed(served: Served, name: str) -> None:
    answer = ask(served, name, list_services="")
    assert [service.name for service in answer.list_services_response.service] == OURS


@pytest.mark.parametrize("name", NAMES)
def test_every_method_that_is_reflected_is_served(served: Served, name: str) -> None:
    unknown = []
    for service in OURS:
        answer = ask(served, name, file_containing_symbol=service)
        files = map(
            FileDescriptorProto.FromString, answer.file_descriptor_response.file_descriptor_proto
        )
        found = [
            method
            for file in files
            for each in file.service
            if f"{file.package}.{each.name}" == service
            for method in each.method
        ]
        assert found
        for method in found:
            method_of: Any = served.channel.stream_stream(f"/{service}/{method.name}")
            call = method_of(iter([b"\xff"]), timeout=PATIENCE_S)
            with pytest.raises(grpc.RpcError) as error:
                next(call)
            failed: Any = error.value
            if failed.code() is grpc.StatusCode.UNIMPLEMENTED:
                unknown.append(method.name)
    assert unknown == []


@pytest.mark.parametrize("protocol", ["grpc-v1", "grpc-v1alpha"])
def test_buf_finds_a_method_by_reflection(served: Served, root: Path, protocol: str) -> None:
    command = [str(root / ".venv/bin/buf"), "curl", "--protocol", "grpc", "--http2-prior-knowledge"]
    socket, url = (
        served.address.removeprefix("unix:"),
        "http://localhost/tidings.v1.EventService/List",
    )
    done = subprocess.run(
        [*command, "--unix-socket", socket, "--reflect-protocol", protocol, "-d", "{}", url],
        check=True,
        capture_output=True,
        timeout=PATIENCE_S,
    )
    assert json.loads(done.stdout) == {"index": "1"}
