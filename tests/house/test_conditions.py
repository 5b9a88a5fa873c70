"""The conditions for events are the same in every request, and in the commands."""

from __future__ import annotations

import argparse

import pytest
from google.protobuf.message import Message

from tidings.app.commands.asking_options import add_log, add_tail, add_top
from tidings.app.commands.selection import Asked, narrow
from tidings.v1.asking_pb2 import CountRecordsRequest
from tidings.v1.event_service_pb2 import ReadRecordsRequest, SubscribeRequest

CONDITIONS = {"selection", "types", "identifiers", "sources", "text", "filter"}
BOUNDS = {"after_seq", "from_time", "log_id"}
OWN: dict[type[Message], set[str]] = {
    SubscribeRequest: {"position", "nomad_index", "heartbeat_interval", "payload_format"},
    ReadRecordsRequest: {
        *("until_time", "before_seq", "order", "page_size", "page_token", "payload_format"),
    },
    CountRecordsRequest: {
        *("until_time", "before_seq", "bucket", "group_by", "totals_by", "page_token"),
    },
}
"""What else a request has: where it ends, how it is answered."""


@pytest.mark.parametrize("request_type", OWN)
def test_every_request_has_every_condition(request_type: type[Message]) -> None:
    assert set(request_type.DESCRIPTOR.fields_by_name) == (CONDITIONS | BOUNDS | OWN[request_type])


def test_fields_of_one_name_have_one_type() -> None:
    types: dict[str, set[tuple[object, ...]]] = {}
    for request_type in OWN:
        for field in request_type.DESCRIPTOR.fields:
            kind = field.message_type or field.enum_type
            types.setdefault(field.name, set()).add(
                (field.type, field.is_repeated, kind and kind.full_name)
            )
    assert {name: found for name, found in types.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    ("add_options", "request_type"),
    [(add_tail, SubscribeRequest), (add_log, ReadRecordsRequest), (add_top, CountRecordsRequest)],
)
def test_commands_have_an_option_for_every_condition(
    add_options: object, request_type: type[Asked]
) -> None:
    assert callable(add_options)
    parser = argparse.ArgumentParser()
    add_options(parser)
    request = request_type()
    words = ["--system=consul", "--type=a", "--id=b", "--source=c", "--grep=d", "--where=true"]
    narrow(request, parser.parse_args(words))
    assert {field.name for field, _ in request.ListFields()} == CONDITIONS
