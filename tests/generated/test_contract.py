"""The contract tells whoever reads it alone what to do."""

from __future__ import annotations

import builtins
import re
from pathlib import Path

import pytest
from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorSet

from tests.contract import SERVICES, behavior_of, comments
from tidings.dialects import load
from tidings.v1 import event_pb2, nomad_pb2, puppet_pb2, selection_pb2


def test_everything_with_a_name_has_a_comment(root: Path) -> None:
    found = comments(root)
    assert {"tidings.v1.EventService.Publish", "tidings.v1.Draft.key"} <= found.keys()
    assert [name for name, comment in found.items() if not comment] == []


@pytest.mark.parametrize(
    "words",
    [
        "metadata `authorization: Bearer CREDENTIAL`",
        "UNAVAILABLE with google.rpc.RetryInfo after its time, longer with every try",
        "Keys count as long as their record is retained and at least 24 h beyond",
        "No response is larger than 4 MiB",
        "A request has at most 5 MiB",
        "Deadlines: 30 s are enough for unary calls",
        "are compressed with gzip if the client offers it",
        "for two heartbeat intervals is dead",
        "trailing metadata `tidings-position` says up to where everything selected was sent",
        "`tidings-rights`, which is the same for streams whose callers may read the same",
        "`x-request-id` is taken from the caller",
        "a reader resumes after `resume_seq`, never after `last_seq`",
    ],
)
def test_comments_say_what_every_client_has_to_know(root: Path, words: str) -> None:
    places = ("EventService", "EventService.Subscribe", "Gap")
    assert words in " ".join(comments(root)[f"tidings.v1.{place}"] for place in places)


PAYLOADS = {nomad_pb2.NomadPayload.DESCRIPTOR, puppet_pb2.PuppetEventDetails.DESCRIPTOR}
"""What is inside of an event in its system's own words, all of it optional."""


NUMBERS = {
    getattr(FieldDescriptorProto, f"TYPE_{kind}")
    for kind in ("INT32", "INT64", "UINT32", "UINT64", "FIXED32", "FIXED64", "DOUBLE", "FLOAT")
}
NONE_BY_0 = re.compile(r"\b0 = (?:it has |not |none|no |unknown|unset)")


def inside(message: Descriptor, known: set[Descriptor]) -> set[Descriptor]:
    """Return the message and all of ours that callers can set in it."""
    if message in known or message.file.package != "tidings.v1":
        return known
    known.add(message)
    for field in message.fields:
        if field.message_type and field_behavior_pb2.OUTPUT_ONLY not in behavior_of(field):
            inside(field.message_type, known)
    return known


def test_every_field_of_a_request_says_whether_it_is_needed() -> None:
    requests = {method.input_type for service in SERVICES for method in service.methods}
    assert len(requests) > 10
    found = set[Descriptor]().union(*(inside(each, {*PAYLOADS}) for each in requests)) - PAYLOADS
    assert found > {event_pb2.Draft.DESCRIPTOR, selection_pb2.Selection.DESCRIPTOR, *requests}
    unsaid = [
        field.full_name
        for message in found
        if not message.GetOptions().map_entry
        for field in message.fields
        if not behavior_of(field)
    ]
    assert unsaid == []
    assert not {
        field.full_name
        for request in requests
        for field in request.fields
        if field_behavior_pb2.OUTPUT_ONLY in behavior_of(field)
    }


def test_no_number_says_by_0_that_there_is_none(root: Path) -> None:
    encoded = (root / "generated/tidings/v1/tidings.binpb").read_bytes()
    said = comments(root)
    found = [
        f"{file.package}.{message.name}.{field.name}"
        for file in FileDescriptorSet.FromString(encoded).file
        if file.package == "tidings.v1" and "/nomad_" not in file.name  # Nomad's own objects
        for message in file.message_type
        for field in message.field
        if not (field.proto3_optional or field.HasField("oneof_index"))
        and field.label != field.LABEL_REPEATED
        and field.type in NUMBERS
    ]
    assert "tidings.v1.BackupStart.end_seq" in found
    assert "tidings.v1.BackupStart.size_bytes" not in found
    assert [name for name in found if NONE_BY_0.search(said.get(name, ""))] == []


def test_what_publishers_cannot_set_is_output_only() -> None:
    bodies = {
        body.name: body.message_type
        for body in event_pb2.Event.DESCRIPTOR.oneofs_by_name["body"].fields
        if body.message_type is not None
    }
    said = {
        field.full_name
        for body in bodies.values()
        for field in body.fields
        if field_behavior_pb2.OUTPUT_ONLY in behavior_of(field)
    }
    ignored = {
        f"{bodies[system].full_name}.{name}"
        for system, dialect in load().items()
        for name in dialect.ignored_fields
    }
    assert said == ignored != set()


# What every file of Java and of Rust knows without an import, of names that a message might have.
JAVA = """
Boolean Byte Character Class Compiler Double Enum Float Integer Iterable Long Math Module Number
Object Override Package Process Record Runnable Runtime Short String System Thread Throwable Void
"""
RUST = """
Box Clone Copy Default Drop Err Extend Fn From Into Iterator None Ok Option Result Send Sized Some
Sync Vec
"""


def test_no_name_is_in_the_default_scope_of_a_language(root: Path) -> None:
    names = {name.split(".")[2] for name in comments(root) if name.startswith("tidings.v1.")}
    assert "EventRecord" in names
    assert names & {*dir(builtins), *JAVA.split(), *RUST.split()} == set()


def test_every_file_says_its_package_in_each_language(root: Path) -> None:
    wanted = {
        "csharp_namespace": "Tidings.V1",
        "go_package": "tidings/v1;tidingsv1",
        "java_multiple_files": True,
        "java_package": "io.tidings.v1",
        "objc_class_prefix": "TDG",
        "php_namespace": "Tidings\\V1",
        "ruby_package": "Tidings::V1",
    }
    encoded = (root / "generated/tidings/v1/tidings.binpb").read_bytes()
    files = FileDescriptorSet.FromString(encoded).file
    ours = [file for file in files if file.package == "tidings.v1"]
    assert len(ours) > 10
    for file in ours:
        assert {name: getattr(file.options, name) for name in wanted} == wanted, file.name
        assert file.options.java_outer_classname, file.name
