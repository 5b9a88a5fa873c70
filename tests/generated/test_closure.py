"""A descriptor set made from the services' file holds all that their answers and errors are made of."""

from __future__ import annotations

import re
from pathlib import Path

from google.protobuf.descriptor import FileDescriptor

from tidings.v1 import event_service_pb2 as pb


def files_of(file: FileDescriptor) -> set[str]:
    return {file.name}.union(*(files_of(each) for each in file.dependencies))


def test_the_types_of_error_details_come_with_the_services(root: Path) -> None:
    assert "google/rpc/error_details.proto" in files_of(pb.DESCRIPTOR)
    named = {f.message_type.name for f in pb.ErrorDetails.DESCRIPTOR.fields if f.message_type}
    code = "".join(path.read_text() for path in (root / "service").rglob("*.py"))
    assert named == set(re.findall(r"error_details_pb2\.(\w+)\(", code)) != set()
