"""The contract as protoc reads it, with its comments."""

from __future__ import annotations

import sysconfig
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from google.api import field_behavior_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from grpc_tools import protoc

from tidings.v1 import access_service_pb2, event_service_pb2, source_service_pb2

SERVICES = [
    service
    for file in (access_service_pb2, event_service_pb2, source_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
]

# Numbers of repeated fields in descriptor.proto, of which paths in source info are made.
_MESSAGE, _ENUM, _SERVICE, _EXTENSION = 4, 5, 6, 7
_FIELD, _NESTED, _NESTED_ENUM, _ONEOF, _VALUE, _METHOD = 2, 3, 4, 8, 2, 2

Path_ = tuple[int, ...]


@cache
def files(root: Path) -> tuple[FileDescriptorProto, ...]:
    """Return every file of ours below `root`/protos, with source info."""
    protos = root / "protos"
    names = [str(path.relative_to(protos)) for path in sorted(protos.rglob("*.proto"))]
    site = sysconfig.get_path("purelib")
    own = Path(protoc.__file__).parent / "_proto"
    with tempfile.NamedTemporaryFile() as out:
        arguments = ["protoc", f"-I{protos}", f"-I{site}", f"-I{own}", "--include_source_info"]
        assert protoc.main([*arguments, f"--descriptor_set_out={out.name}", *names]) == 0
        return tuple(FileDescriptorSet.FromString(Path(out.name).read_bytes()).file)


@cache
def comments(root: Path) -> dict[str, str]:
    """Return the comment of everything in the contract that has a name, on one line, "" = none.

    Names are full; values of an enum stand below their enum.
    """
    found: dict[str, str] = {}
    for file in files(root):
        places = {
            tuple(place.path): place.leading_comments for place in file.source_code_info.location
        }
        for name, path in _named(file):
            found[f"{file.package}.{name}"] = " ".join(places.get(path, "").split())
    return found


def behavior_of(field: FieldDescriptor) -> set[int]:
    """Return what the contract says of a field: `google.api.field_behavior`."""
    return {*field.GetOptions().Extensions[field_behavior_pb2.field_behavior]}


def _named(file: FileDescriptorProto) -> Iterator[tuple[str, Path_]]:
    for at, message in enumerate(file.message_type):
        yield from _of_message(message, "", (_MESSAGE, at))
    for at, enum in enumerate(file.enum_type):
        yield from _of_enum(enum, "", (_ENUM, at))
    for at, extension in enumerate(file.extension):
        yield f"({file.name}).{extension.extendee}.{extension.name}", (_EXTENSION, at)
    for at, service in enumerate(file.service):
        yield service.name, (_SERVICE, at)
        for place, method in enumerate(service.method):
            yield f"{service.name}.{method.name}", (_SERVICE, at, _METHOD, place)


def _of_message(message: DescriptorProto, prefix: str, path: Path_) -> Iterator[tuple[str, Path_]]:
    if message.options.map_entry:
        return
    name = prefix + message.name
    yield name, path
    for at, field in enumerate(message.field):
        yield f"{name}.{field.name}", (*path, _FIELD, at)
    synthetic = {field.oneof_index for field in message.field if field.proto3_optional}
    for at, oneof in enumerate(message.oneof_decl):
        if at not in synthetic:
            yield f"{name}.{oneof.name}", (*path, _ONEOF, at)
    for at, inner in enumerate(message.nested_type):
        yield from _of_message(inner, f"{name}.", (*path, _NESTED, at))
    for at, enum in enumerate(message.enum_type):
        yield from _of_enum(enum, f"{name}.", (*path, _NESTED_ENUM, at))


def _of_enum(enum: EnumDescriptorProto, prefix: str, path: Path_) -> Iterator[tuple[str, Path_]]:
    name = prefix + enum.name
    yield name, path
    for at, value in enumerate(enum.value):
        yield f"{name}.{value.name}", (*path, _VALUE, at)
