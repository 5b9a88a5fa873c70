"""A log with damaged records is served: what is whole as ever, and what is not as a gap."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.kit.server import Server, events_after, nomad_line, serving
from tests.patience import PATIENCE_S
from tidings.store.sqlite.file import FILE_NAME
from tidings.v1 import event_pb2, event_service_pb2, event_system_pb2, feldera_pb2

pytestmark = pytest.mark.embedded  # the file of a log

DAMAGE = {
    "flipped": "UPDATE records SET body = body || x'00' WHERE seq IN (3, 5, 7, 9)",
    "undecodable, without a checksum": (
        "UPDATE records SET body = x'ff', checksum = NULL WHERE seq IN (3, 5, 7, 9)"
    ),
}


def feldera(number: int) -> event_pb2.Event:
    body = feldera_pb2.FelderaClusterEvent(
        api_status="Healthy",
        compiler_status="Healthy",
        runner_status="Healthy",
        api_self_info=f"{number}",
    )
    return event_pb2.Event(feldera=body)


@contextmanager
def damaged(data: Path, damage: str) -> Iterator[Server]:
    """Lend a server with two events of each of four systems: the second, the newest, is damaged."""
    with serving(data) as running:
        running.publish_nomad([nomad_line(1), nomad_line(2)])
        for name in ("one", "two"):
            assert running.request("PUT", f"/v1/event/fire/{name}")[0] == 200
        for number in (1, 2):
            draft = event_pb2.Draft(events=[feldera(number)])
            with running.stub() as stub:
                stub.Publish(event_service_pb2.PublishRequest(draft=draft))
        for kind in ("node_running", "job_finished"):
            assert publish_puppet(running, kind)["seq"]
        assert running.stop() == 0
        with closing(sqlite3.connect(running.data / FILE_NAME, isolation_level=None)) as log:
            log.execute(DAMAGE[damage])
        yield running.start()


def publish_puppet(server: Server, kind: str) -> dict[str, Any]:
    line = {"job": "352", "type": kind, "timestamp": "2026-01-01T00:00:00Z"}
    status, _, body = server.request("POST", "/v1/publish/puppet", json.dumps(line).encode())
    assert status == 200, body
    answer: dict[str, Any] = json.loads(body)
    return answer


@pytest.fixture(params=DAMAGE, scope="module")
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server that the tests which only read share."""
    with damaged(tmp_path_factory.mktemp("damage") / "data", request.param) as running:
        yield running


def read_all(
    server: Server, request: event_service_pb2.SubscribeRequest
) -> tuple[list[int], list[event_service_pb2.Gap]]:
    seqs: list[int] = []
    gaps: list[event_service_pb2.Gap] = []
    with server.stub() as stub:
        call = stub.Subscribe(request, timeout=PATIENCE_S)
        for response in call:
            seqs += [record.seq for record in response.batch.records]
            if response.HasField("gap"):
                gaps.append(response.gap)
                assert all(seq < response.gap.first_seq for seq in seqs), "in its place"
            if response.HasField("heartbeat"):
                call.cancel()
                break
    return seqs, gaps


def test_it_starts_and_tells_of_each_in_its_place(server: Server) -> None:
    seqs, gaps = read_all(
        server,
        event_service_pb2.SubscribeRequest(position=event_service_pb2.START_POSITION_EARLIEST),
    )
    assert seqs == [2, 4, 6, 8]
    assert [(gap.first_seq, gap.last_seq) for gap in gaps] == [(n, n) for n in (3, 5, 7, 9)]
    assert [event_system_pb2.EventSystem.Name(gap.system) for gap in gaps] == [
        f"EVENT_SYSTEM_{name}" for name in ("NOMAD", "CONSUL", "FELDERA", "PUPPET")
    ]
    assert {gap.reason for gap in gaps} == {event_service_pb2.GAP_REASON_DAMAGED}
    assert [gap.resume_seq for gap in gaps] == [3, 5, 7, 9]


def test_a_selection_of_one_system_tells_of_that_one(server: Server) -> None:
    request = event_service_pb2.SubscribeRequest(position=event_service_pb2.START_POSITION_EARLIEST)
    request.selection.nomad.topics.add(topic="Node")
    seqs, gaps = read_all(server, request)
    assert (seqs, [gap.first_seq for gap in gaps]) == ([], [3])


def test_lists_leave_it_out_and_go_on(server: Server) -> None:
    status, headers, body = server.request("GET", "/v1/event/list")
    assert (status, [event["Name"] for event in json.loads(body)]) == (200, ["one"])
    assert headers["x-consul-index"] == "4"
    status, _, body = server.request("GET", "/v0/cluster/events")
    assert (status, len(json.loads(body))) == (200, 1)
    status, _, body = server.request("GET", "/orchestrator/v1/jobs/352/events")
    assert (status, [item["id"] for item in json.loads(body)["items"]]) == (200, ["8"])


def test_native_lines_and_nomads_go_on(server: Server) -> None:
    with server.lines("/v1/events?position=START_POSITION_EARLIEST") as lines:
        found = [json.loads(next(lines)) for _ in range(8)]
        kinds = [next(iter(line)) for line in found]
        assert kinds == ["batch", "gap"] * 4
    with server.lines("/v1/event/stream?index=1") as lines:
        (line,) = events_after(lines, 1)
        assert json.loads(line)["Index"] == 2
    assert server.request("GET", "/readyz")[0] == 200


def test_each_is_one_line_of_the_log_and_found_by_commands(server: Server) -> None:
    for _ in range(3):
        read_all(
            server,
            event_service_pb2.SubscribeRequest(position=event_service_pb2.START_POSITION_EARLIEST),
        )
    told = [line for line in server.log_path.read_text().splitlines() if "damaged" in line]
    assert len(told) <= 4
    words = [sys.executable, "-m", "tidings.app"]
    for command, text in (("check", "record 3"), ("export", "record 3")):
        done = subprocess.run(
            [*words, command, f"--data={server.data}"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 1
        assert text in done.stderr
        assert "Traceback" not in done.stderr


def test_publishing_goes_on_behind_it(tmp_path: Path) -> None:
    with damaged(tmp_path / "data", "flipped") as server:
        assert server.request("PUT", "/v1/event/fire/three")[0] == 200
        with server.stub() as stub:
            draft = event_pb2.Draft(events=[feldera(3)])
            answer = stub.Publish(event_service_pb2.PublishRequest(draft=draft))
            assert answer.seq == 11
        assert publish_puppet(server, "node_finished")["seq"] == 12
