"""shop.proto in a pool of its own, and ways to make requests and bad rules for it."""

from __future__ import annotations

import itertools
import tempfile
from functools import cache
from pathlib import Path

from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from grpc_tools import protoc

from tidings.gateway.transcode.bind import bind_request
from tidings.gateway.transcode.routes import Found, Route, routes_at, routes_of

_HERE = Path(__file__).parent
_FILE_NUMBERS = itertools.count()


def _compile() -> descriptor_pool.DescriptorPool:
    protoc_files = Path(protoc.__file__).parent / "_proto"
    api_files = Path(annotations_pb2.__file__).parents[2]
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "shop.binpb"
        arguments = ["protoc", f"-I{_HERE}", f"-I{protoc_files}", f"-I{api_files}"]
        arguments += ["--include_imports", f"--descriptor_set_out={written}", "shop.proto"]
        assert protoc.main(arguments) == 0
        files = descriptor_pb2.FileDescriptorSet.FromString(written.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return pool


@cache
def pool() -> descriptor_pool.DescriptorPool:
    return _compile()


@cache
def service() -> ServiceDescriptor:
    return pool().FindServiceByName("shop.Shop")


@cache
def routes() -> tuple[Route, ...]:
    return routes_of([service()])


def message_class(name: str) -> type[Message]:
    return message_factory.GetMessageClass(pool().FindMessageTypeByName(name))


def thing(**fields: object) -> Message:
    return message_class("shop.Thing")(**fields)


def change(**fields: object) -> Message:
    return message_class("shop.Change")(name="a", thing=fields)


def find(method: str, target: str) -> tuple[Found, bytes]:
    """The route, what its path has captured, and the raw query of a request target."""
    path, _, query = target.encode("latin-1").partition(b"?")
    return routes_at(routes(), path)[method], query


def bind(
    method: str,
    target: str,
    body: bytes = b"",
    content_type: str | None = None,
) -> Message:
    """The message of one request."""
    found, query = find(method, target)
    return bind_request(*found, query, body, content_type)


def route_of(name: str, binding: int = 0) -> Route:
    return next(r for r in routes() if r.rpc.name == name and r.binding == binding)


def method_with(
    rule: http_pb2.HttpRule,
    *more: http_pb2.HttpRule,
    request: str = "shop.Thing",
    response: str = "shop.Things",
    client_streaming: bool = False,
    server_streaming: bool = False,
) -> MethodDescriptor:
    """A method "bad.Service<n>.Call" with this rule, and more methods with more rules."""
    number = next(_FILE_NUMBERS)
    file = descriptor_pb2.FileDescriptorProto(
        name=f"bad{number}.proto",
        package="bad",
        syntax="proto3",
        dependency=["shop.proto", "google/api/annotations.proto"],
    )
    made = file.service.add(name=f"Service{number}")
    for position, one in enumerate((rule, *more)):
        method = made.method.add(
            name=f"Call{position or ''}",
            input_type=f".{request}",
            output_type=f".{response}",
            client_streaming=client_streaming,
            server_streaming=server_streaming,
        )
        method.options.Extensions[annotations_pb2.http].CopyFrom(one)
    pool().Add(file)
    return pool().FindMethodByName(f"bad.Service{number}.Call")
