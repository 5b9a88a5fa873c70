"""Server reflection under both of its names: v1, and v1alpha of which it is a copy."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor
from grpc_reflection.v1alpha import reflection, reflection_pb2

_FILE: Any = reflection_pb2.DESCRIPTOR  # its stubs name the C class behind it
V1ALPHA: ServiceDescriptor = _FILE.services_by_name["ServerReflection"]
_OLD, _NEW = "grpc.reflection.v1alpha", "grpc.reflection.v1"


def _renamed() -> ServiceDescriptor:
    """Add v1 to what can be reflected: the library knows v1alpha only, which differs by names.

    Source: grpc/grpc-proto, grpc/reflection/v1/reflection.proto.
    """
    file = descriptor_pb2.FileDescriptorProto()
    _FILE.CopyToProto(file)
    file.name, file.package = "grpc/reflection/v1/reflection.proto", _NEW
    file.ClearField("options")
    for message in file.message_type:
        for field in message.field:
            if field.type_name:
                field.type_name = field.type_name.replace(_OLD, _NEW)
    (service,) = file.service
    for method in service.method:
        method.input_type = method.input_type.replace(_OLD, _NEW)
        method.output_type = method.output_type.replace(_OLD, _NEW)
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindServiceByName(f"{_NEW}.{service.name}")


V1 = _renamed()


def servicer_of(services: Collection[str]) -> object:
    """Return the handlers for both names, of these services and itself, with v1alpha's messages."""
    return reflection.aio.ReflectionServicer((*services, V1ALPHA.full_name, V1.full_name))
