"""The plugin is run as protoc runs it; what no rule is known for is refused by name."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto

from tidings.v1 import event_pb2
from tidings.v1 import json_options_pb2 as options

Change = Callable[[dict[str, DescriptorProto]], None]
HINT = "use int64, uint64 or string"
SYSTEMS = ("consul", "docker_cloud", "feldera", "nomad", "puppet")


def request_of(change: Change) -> CodeGeneratorRequest:
    """Return what protoc would say of the contract after a change to its messages."""
    request = CodeGeneratorRequest()
    seen: set[str] = set()

    def add(file: FileDescriptor) -> None:
        if file.name in seen:
            return
        seen.add(file.name)
        for needed in file.dependencies:
            add(needed)
        file.CopyToProto(request.proto_file.add())

    add(event_pb2.DESCRIPTOR)
    change({kind.name: kind for file in request.proto_file for kind in file.message_type})
    return request


def run(root: Path, request: CodeGeneratorRequest) -> CodeGeneratorResponse:
    done = subprocess.run(
        [root / "protos/plugin/protoc-gen-tidings-json"],
        input=request.SerializeToString(),
        capture_output=True,
        env={"PYTHON": sys.executable},
        check=True,
    )
    return CodeGeneratorResponse.FromString(done.stdout)


def nothing(messages: dict[str, DescriptorProto]) -> None:
    assert "NomadEvent" in messages


def test_every_system_gets_a_module_beside_the_runtime(root: Path) -> None:
    response = run(root, request_of(nothing))
    made = {file.name.removeprefix("tidings/v1/"): file.content for file in response.file}
    assert response.error == ""
    modules = {f"{each}_json.py" for each in SYSTEMS} | {"systems.py"}
    assert {name for name in made if "/" not in name} == modules
    runtime = {path.name for path in (root / "protos/plugin/json_runtime").glob("*.py")}
    assert {name for name in made if "/" in name} == {f"json_runtime/{name}" for name in runtime}


def test_the_repository_holds_what_the_plugin_writes(root: Path) -> None:
    for file in run(root, request_of(nothing)).file:
        assert (root / "generated" / file.name).read_text(encoding="utf-8") == file.content


def test_a_field_that_is_added_has_a_member_in_both_directions(root: Path) -> None:
    def change(messages: dict[str, DescriptorProto]) -> None:
        messages["NomadPort"].field.add(
            name="brand_new",
            json_name="BrandNew",
            number=99,
            type=FieldDescriptorProto.TYPE_INT64,
            label=FieldDescriptorProto.LABEL_OPTIONAL,
        )

    made = {file.name: file.content for file in run(root, request_of(change)).file}
    module = made["tidings/v1/nomad_json.py"]
    ast.parse(module)
    assert 'value["BrandNew"] = message.brand_new' in module
    assert 'brand_new: rt.Int64 = msgspec.field(default=None, name="BrandNew")' in module


def _float32(messages: dict[str, DescriptorProto]) -> None:
    field = messages["NodeScoreMeta"].field[2]
    assert field.name == "norm_score"
    field.type = FieldDescriptorProto.TYPE_FLOAT


def _times(messages: dict[str, DescriptorProto]) -> None:
    field = messages["DrainStrategy"].field[2]
    assert field.name == "force_deadline"
    field.label = FieldDescriptorProto.LABEL_REPEATED


def _keyword(messages: dict[str, DescriptorProto]) -> None:
    messages["NomadPort"].field[1].name = "from"


def _held(messages: dict[str, DescriptorProto]) -> None:
    field = messages["JobUILink"].field[1]
    assert field.name == "url"
    field.options.Extensions[options.holds] = "Job"


def _third(messages: dict[str, DescriptorProto]) -> None:
    field = messages["NomadVolume"].field[0]
    field.options.Extensions[options.always_in] = "host csi nfs"


def _unknown(messages: dict[str, DescriptorProto]) -> None:
    fields = messages["TaskGroup"].field
    field = next(each for each in fields if each.name == "volumes_json")
    field.options.Extensions[options.holds] = "Nothing"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (
            _float32,
            f"tidings.v1.NodeScoreMeta.norm_score: no rule for this type; {HINT}",
        ),
        (_times, "tidings.v1.DrainStrategy.force_deadline: no rule for lists and maps of time"),
        (_keyword, "tidings.v1.NomadPort.from: a keyword of Python cannot be its name"),
        (_held, "tidings.v1.JobUILink.url: holds is for raw_json"),
        (_unknown, "tidings.v1.TaskGroup.volumes_json: no message Nothing"),
        (_third, "tidings.v1.NomadVolume: is of one of two kinds, or of none"),
    ],
    ids=[
        "a type",
        "a list of times",
        "a keyword",
        "objects in a text",
        "an unknown kind",
        "a third",
    ],
)
def test_what_no_rule_is_known_for_is_refused(root: Path, change: Change, error: str) -> None:
    response = run(root, request_of(change))
    assert (response.error, len(response.file)) == (error, 0)
