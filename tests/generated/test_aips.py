"""Google's AIPs as checks on the descriptors: what breaks one is listed here and on the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)

Findings = Iterator[str]
Check = Callable[[list[FileDescriptorProto]], Findings]

VENDORS = re.compile(r"tidings/v1/(nomad.*|consul|docker_cloud|puppet|feldera|cloud_event)\.proto")
SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
TIME = re.compile(r"(.+_)?(at|time|since)")
PREPOSITIONS = set(
    "after at before between but by except for from in including into of over since through to"
    " toward under until upon with within without".split()
)


def messages(files: list[FileDescriptorProto]) -> Mapping[str, DescriptorProto]:
    return {f".{file.package}.{each.name}": each for file in files for each in file.message_type}


def methods(files: list[FileDescriptorProto]) -> list[MethodDescriptorProto]:
    return [method for file in files for service in file.service for method in service.method]


def fields(message: DescriptorProto) -> Mapping[str, FieldDescriptorProto]:
    return {field.name: field for field in message.field}


def enums_without_a_value_for_none_and_systems_that_are_no_enum(
    files: list[FileDescriptorProto],
) -> Findings:
    for enum in (enum for file in files for enum in file.enum_type):
        wanted = re.sub("(?<!^)(?=[A-Z])", "_", enum.name).upper() + "_UNSPECIFIED"
        if (enum.value[0].number, enum.value[0].name) != (0, wanted):
            yield enum.name
    for name, message in messages(files).items():
        for field in message.field:
            is_text = field.type == FieldDescriptorProto.TYPE_STRING
            if field.name in ("system", "systems") and is_text:
                yield name.rpartition(".")[2]


def requests_and_responses_of_other_names(files: list[FileDescriptorProto]) -> Findings:
    for method in methods(files):
        given = [name.rpartition(".")[2] for name in (method.input_type, method.output_type)]
        if given != [f"{method.name}Request", f"{method.name}Response"]:
            yield method.name


def names_of_another_form(files: list[FileDescriptorProto]) -> Findings:
    own = [file for file in files if not VENDORS.fullmatch(file.name)]
    for name, message in messages(files).items():
        yield from (f"{name}.{each}" for each in fields(message) if not SNAKE.fullmatch(each))
    for message in messages(own).values():
        for name, field in fields(message).items():
            is_time = field.type_name == ".google.protobuf.Timestamp" and TIME.fullmatch(name)
            has_preposition = not PREPOSITIONS.isdisjoint(name.split("_")) and not is_time
            is_repeated = field.label == FieldDescriptorProto.LABEL_REPEATED
            is_singular = is_repeated and not name.endswith("s")
            if name.startswith("is_") or has_preposition or is_singular:
                yield name


def times_of_other_names(files: list[FileDescriptorProto]) -> Findings:
    own = [file for file in files if not VENDORS.fullmatch(file.name)]
    for name, message in messages(own).items():
        for field in message.field:
            if field.type_name == ".google.protobuf.Timestamp" and not TIME.fullmatch(field.name):
                yield f"{name}.{field.name}"


def etags_and_request_ids_that_are_no_text(files: list[FileDescriptorProto]) -> Findings:
    for name, message in messages(files).items():
        for field in message.field:
            is_text = field.type == FieldDescriptorProto.TYPE_STRING
            if field.name in ("etag", "request_id") and not is_text:
                yield f"{name}.{field.name}"


def lists_without_pages(files: list[FileDescriptorProto]) -> Findings:
    known = messages(files)
    for method in methods(files):
        asked, answered = fields(known[method.input_type]), fields(known[method.output_type])
        pages = {"page_size", "page_token"} & asked.keys() | {"next_page_token"} & answered.keys()
        is_whole = len(pages) == 3
        if (method.name.startswith("List") or pages) and not is_whole:
            yield method.name


CHECKS: Mapping[str, Check] = {
    "126": enums_without_a_value_for_none_and_systems_that_are_no_enum,
    "130": requests_and_responses_of_other_names,
    "140": names_of_another_form,
    "142": times_of_other_names,
    "154, 155": etags_and_request_ids_that_are_no_text,
    "158": lists_without_pages,
}

LISTED: Mapping[str, set[str]] = {
    "140": {
        "after",
        "after_seq",
        "before",
        "before_seq",
        "copied_from",
        "filtered_by_acl",
        "group_by",
        "stale_after",
        "through_seq",
        "totals_by",
        "trimmed_through_seq",
    },
    "158": {"CountRecords", "ListSources"},
}
"""What breaks one, and has its reason on the page."""


@pytest.fixture(scope="module")
def files(root: Path) -> list[FileDescriptorProto]:
    data = (root / "generated/tidings/v1/tidings.binpb").read_bytes()
    found = FileDescriptorSet.FromString(data).file
    return [file for file in found if file.package == "tidings.v1"]


@pytest.mark.parametrize("aip", CHECKS)
def test_what_breaks_an_aip_is_listed(aip: str, files: list[FileDescriptorProto]) -> None:
    assert set(CHECKS[aip](files)) == LISTED.get(aip, set())


def test_the_page_says_what_is_checked_and_why_something_is_listed(root: Path) -> None:
    page = (root / "docs/compatibility.md").read_text()
    differs, _, follows = page.partition("## Where it follows them")
    rows = re.findall(r"^\| ([0-9, ]+) \|.*\| `test_aips`", follows, re.MULTILINE)
    assert rows == list(CHECKS)
    for aip, names in LISTED.items():
        rows = re.findall(rf"^\| {aip} \|.*$", differs, re.MULTILINE)
        assert [name for name in names if not any(name in row for row in rows)] == []
