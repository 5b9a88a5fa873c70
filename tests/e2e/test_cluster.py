"""Two whole Tidings over one cluster of three NATS servers: one log, wherever one looks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from tests.kit.server import Server, events_after, nomad_line
from tests.nats.servers import NatsServer, nats_cluster
from tests.nats.shared import store_flags_of
from tests.patience import PATIENCE_S, until
from tidings.v1 import event_pb2, event_service_pb2

pytestmark = [pytest.mark.slow, pytest.mark.own_store]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[NatsServer]]:
    with nats_cluster(tmp_path_factory.mktemp("cluster")) as servers:
        yield servers


@pytest.fixture(scope="module")
def nodes(
    cluster: list[NatsServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Server]]:
    top = tmp_path_factory.mktemp("nodes")
    with ExitStack() as stack:
        made = []
        for name in ("a", "b"):
            node = Server(top / name, store=store_flags_of(cluster))
            stack.callback(node.end)
            made.append(node.start())
        yield made[0], made[1]


def consul_list(node: Server, query: str = "") -> tuple[str, list[dict[str, Any]]]:
    status, headers, body = node.request("GET", f"/v1/event/list{query}")
    assert status == 200, body
    return headers["x-consul-index"], json.loads(body)


def names_of(listed: list[dict[str, Any]]) -> list[str]:
    return [event["Name"] for event in listed]


def test_what_is_fired_on_one_is_listed_on_the_other(nodes: tuple[Server, Server]) -> None:
    one, other = nodes
    for number in range(6):
        status, _, body = nodes[number % 2].request("PUT", f"/v1/event/fire/deploy-{number}")
        assert status == 200, body
    names = [f"deploy-{number}" for number in range(6)]
    index, listed = until(
        lambda: found if names_of((found := consul_list(one))[1])[-6:] == names else None,
        "six events",
    )
    until(lambda: consul_list(other) == (index, listed), "the same on the other")


def test_a_waiting_list_is_woken_by_the_other_node(nodes: tuple[Server, Server]) -> None:
    one, other = nodes
    index, before = consul_list(one)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(consul_list, one, f"?index={index}&wait=15s")
        other.request("PUT", "/v1/event/fire/woken")
        _, after = waiting.result()
    assert names_of(after[len(before) :]) == ["woken"]


def test_streams_of_both_have_the_same_lines(nodes: tuple[Server, Server]) -> None:
    one, _ = nodes
    start = one.publish_nomad([nomad_line(1)])[0]["seq"]
    for number in range(2, 42):
        nodes[number % 2].publish_nomad([nomad_line(number)])
    streams = []
    for node in nodes:
        with node.lines(f"/v1/event/stream?index={start}") as lines:
            streams.append(events_after(lines, 41))
    assert streams[0] == streams[1]
    keys = [json.loads(line)["Events"][0]["Key"] for line in streams[0]]
    assert keys == [f"key-{number}" for number in range(1, 42)]


def test_a_client_that_moves_misses_nothing(nodes: tuple[Server, Server]) -> None:
    one, _ = nodes
    position = one.publish_nomad([nomad_line(100)])[0]["seq"]
    seen = []
    for number in range(101, 121):
        nodes[number % 2].publish_nomad([nomad_line(number)])
        # to the node that did not take it, with the index of the last line from the other
        with nodes[(number + 1) % 2].lines(f"/v1/event/stream?index={position + 1}") as lines:
            (line,) = events_after(lines, 1)
        found = json.loads(line)
        seen.append(found["Events"][0]["Key"])
        position = found["Index"]
    assert seen == [f"key-{number}" for number in range(101, 121)]


def test_a_reader_that_moves_while_both_publish_misses_nothing(
    nodes: tuple[Server, Server],
) -> None:
    start = nodes[0].publish_nomad([nomad_line(300)])[0]["seq"]
    moved: list[event_pb2.EventRecord] = []
    with ThreadPoolExecutor(2) as pool:
        for place, node in enumerate(nodes):
            pool.submit(publish_singly, node, range(1000 * place + 1000, 1000 * place + 1060))
        while len(moved) < 120:
            after_seq = moved[-1].seq if moved else start
            moved += read(nodes[len(moved) % 2], after_seq, min(7, 120 - len(moved)))
    whole = [read(node, start, 120) for node in nodes]
    assert moved == whole[0] == whole[1]
    indexes = [record.events[0].nomad.upstream_index for record in moved]
    assert sorted(indexes) == [*range(1000, 1060), *range(2000, 2060)]


def publish_singly(node: Server, numbers: range) -> None:
    for number in numbers:
        node.publish_nomad([nomad_line(number)])


def read(node: Server, after_seq: int, count: int) -> list[event_pb2.EventRecord]:
    found: list[event_pb2.EventRecord] = []
    request = event_service_pb2.SubscribeRequest(after_seq=after_seq)
    with node.stub() as stub:
        call = stub.Subscribe(request, timeout=PATIENCE_S)
        for response in call:
            found.extend(response.batch.records)
            if len(found) >= count:
                call.cancel()
                return found[:count]
    raise AssertionError("the stream ended")


def test_the_same_key_through_both_is_stored_once(nodes: tuple[Server, Server]) -> None:
    one, other = nodes
    lines = [nomad_line(number) for number in range(200, 230)]
    stored = one.publish_nomad(lines, "?source=prod")
    again = other.publish_nomad(lines, "?source=prod")
    assert [line["seq"] for line in again] == [line["seq"] for line in stored]
    assert all(line["duplicate"] for line in again)


def test_a_node_that_was_away_shows_what_it_missed(nodes: tuple[Server, Server]) -> None:
    one, other = nodes
    assert other.stop() == 0
    one.request("PUT", "/v1/event/fire/while-away")
    other.start()
    index, listed = consul_list(other)
    assert listed[-1]["Name"] == "while-away"
    assert consul_list(one) == (index, listed)
