"""Two services and two gateways over one three-node NATS cluster are one Tidings."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.rig import Server, events_after, nomad_line
from tests.nats.nodes import serving_one_log, store_flags
from tests.nats.servers import nats_cluster
from tests.patience import PATIENCE_S, until
from tidings.v1 import event_pb2, event_service_pb2

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    directory = tmp_path_factory.mktemp("nodes")
    with (
        nats_cluster(directory) as cluster,
        serving_one_log(directory, store_flags(cluster)) as running,
    ):
        yield running


def fire(node: Server, name: str, payload: bytes = b"") -> dict[str, Any]:
    status, _, body = node.request("PUT", f"/v1/event/fire/{name}", payload)
    assert status == 200, body
    fired: dict[str, Any] = json.loads(body)
    return fired


def listed(node: Server, query: str = "") -> tuple[str, list[dict[str, Any]]]:
    """Return the Consul index and the events."""
    status, headers, body = node.request("GET", f"/v1/event/list{query}")
    assert status == 200, body
    return headers["x-consul-index"], json.loads(body)


def head_of(node: Server) -> int:
    return read(node, 0, None)[0]


def read(node: Server, after_seq: int, count: int | None) -> tuple[int, list[event_pb2.Record]]:
    """Return the position reached and so many records past one, or all that there are."""
    found: list[event_pb2.Record] = []
    request = event_service_pb2.SubscribeRequest(after_seq=after_seq)
    with node.stub() as stub:
        call = stub.Subscribe(request, timeout=PATIENCE_S)
        for response in call:
            found.extend(response.records)
            if count is None and response.HasField("heartbeat"):
                call.cancel()
                return response.heartbeat.seq, found
            if count is not None and len(found) >= count:
                call.cancel()
                return found[count - 1].seq, found[:count]
    raise AssertionError("the stream ended")


def test_what_is_fired_at_one_is_listed_at_the_other(nodes: list[Server]) -> None:
    here, there = nodes
    fired = [fire(nodes[n % 2], f"deploy{n}", b"%d" % n)["ID"] for n in range(6)]
    until(lambda: listed(there)[1][-1]["ID"] == fired[-1], "the other node lists it")
    until(lambda: listed(here) == listed(there), "both list the same")
    index, events = listed(there)
    assert [event["ID"] for event in events][-6:] == fired
    assert index == str(events[-1]["LTime"])


def test_a_list_that_waits_at_one_wakes_when_the_other_fires(nodes: list[Server]) -> None:
    here, there = nodes
    first = fire(here, "first")["ID"]
    until(lambda: listed(there)[1][-1]["ID"] == first, "the other node lists it")
    index, _ = listed(there)
    answers: list[tuple[str, list[dict[str, Any]]]] = []
    waiting = threading.Thread(target=lambda: answers.append(listed(there, f"?index={index}")))
    waiting.start()
    fired = fire(here, "second")
    waiting.join(PATIENCE_S)
    ((next_index, events),) = answers
    assert events[-1]["ID"] == fired["ID"]
    assert int(next_index) > int(index)


def test_live_streams_of_both_are_equal(nodes: list[Server]) -> None:
    start = nodes[0].publish_nomad([nomad_line(1)])[0]["seq"]
    with contextlib.ExitStack() as undo:
        streams = [
            undo.enter_context(node.lines(f"/v1/event/stream?index={start}")) for node in nodes
        ]
        for stream in streams:
            events_after(stream, 1)
        answers = [nodes[n % 2].publish_nomad([nomad_line(n)])[0] for n in range(2, 22)]
        ours, theirs = (events_after(stream, 20) for stream in streams)
    assert ours == theirs
    assert [json.loads(line)["Index"] for line in ours] == [answer["seq"] for answer in answers]


def test_a_line_published_at_both_is_stored_once(nodes: list[Server]) -> None:
    here, there = nodes
    stored = here.publish_nomad([nomad_line(77)], "?source=prod")[0]
    again = there.publish_nomad([nomad_line(77)], "?source=prod")[0]
    assert again == stored | {"duplicate": True}


def test_a_client_that_moves_misses_nothing(nodes: list[Server]) -> None:
    start = head_of(nodes[0])
    publishers = [
        threading.Thread(target=publish, args=(node, place * 1000 + 100, 60))
        for place, node in enumerate(nodes)
    ]
    for publisher in publishers:
        publisher.start()
    moved: list[event_pb2.Record] = []
    position, turn = start, 0
    while len(moved) < 120:
        position, some = read(nodes[turn % 2], position, min(7, 120 - len(moved)))
        moved += some
        turn += 1
    for publisher in publishers:
        publisher.join(PATIENCE_S)
    whole = [read(node, start, 120)[1] for node in nodes]
    assert moved == whole[0] == whole[1]
    indexes = [record.events[0].nomad.upstream_index for record in moved]
    assert sorted(indexes) == [*range(100, 160), *range(1100, 1160)]
    with nodes[1].lines(f"/v1/event/stream?index={moved[50].seq}") as lines:
        resumed = [json.loads(line)["Index"] for line in events_after(lines, 70)]
    assert resumed == [record.seq for record in moved[50:]]


def publish(node: Server, first: int, count: int) -> None:
    for number in range(first, first + count):
        node.publish_nomad([nomad_line(number)])


def test_a_node_that_was_away_shows_what_it_missed(nodes: list[Server]) -> None:
    here, there = nodes
    assert there.stop() == 0
    fired = fire(here, "while-away")
    there.start()
    index, events = listed(there)
    assert events[-1]["ID"] == fired["ID"]
    assert (index, events) == listed(here)
