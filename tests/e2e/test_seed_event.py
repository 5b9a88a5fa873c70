"""The sample of Nomad's own documentation goes in and comes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.kit.server import Server, events_after
from tidings.v1 import event_service_pb2


def without_index(line: dict[str, Any]) -> dict[str, Any]:
    events = [{k: v for k, v in event.items() if k != "Index"} for event in line["Events"]]
    return {"Events": events}


def test_the_seed_event_comes_out_equal_but_for_index(server: Server, root: Path) -> None:
    text = (root / "tests/data/nomad_node_event.json").read_bytes()
    answers = server.publish_nomad([text])
    assert answers == [{"line": 1, "seq": 2}]
    with server.lines("/v1/event/stream?index=1") as lines:
        (line,) = events_after(lines, 1)
    shown, sample = json.loads(line), json.loads(text)
    assert without_index(shown) == without_index(sample)
    assert shown["Index"] == 2
    assert [event["Index"] for event in shown["Events"]] == [2]


def test_the_seed_event_is_a_typed_node_over_grpc(server: Server, root: Path) -> None:
    server.publish_nomad([(root / "tests/data/nomad_node_event.json").read_bytes()])
    request = event_service_pb2.SubscribeRequest(position=event_service_pb2.START_POSITION_EARLIEST)
    request.selection.nomad.SetInParent()
    with server.stub() as stub:
        call = stub.Subscribe(request)
        record = next(call).batch.records[0]
        call.cancel()
    event = record.events[0].nomad
    assert event.upstream_index == 7
    assert event.payload.node.node_resources.cpu.cpu_shares == 33600
    assert not event.payload_json, "the types hold all of it"
