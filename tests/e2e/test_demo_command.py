"""`tidings demo` fills a log with something to see through every API, once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.guarded import GuardedServer
from tests.kit.server import Server, events_after, tidings
from tidings.app.demo.day import drafts as day_of
from tidings.app.demo.hour import drafts

HOUR = drafts(0)
SYSTEMS = [str(draft.events[0].WhichOneof("body")) for draft in HOUR]


def demo(into: str, *flags: str) -> tuple[int, str, str]:
    """Run the command and return its status and what it printed; debug mode tells of slowness."""
    done = tidings("demo", f"--into={into}", *flags)
    return done.returncode, done.stdout, done.stderr


def get(server: Server, path: str) -> object:
    status, _, body = server.request("GET", path)
    assert status == 200, body
    return json.loads(body)


def test_every_door_shows_the_hour(server: Server) -> None:
    status, told, problems = demo(server.grpc)
    assert (status, problems) == (0, "")
    assert told.startswith(f"stored {len(HOUR)} records, seq ")
    assert told.endswith(
        ": 35 Nomad, 9 Consul, 21 Docker Cloud, 20 Puppet, 22 Feldera, 6 Cloud Event\n"
    )
    assert get(server, "/v1/event/list?name=deploy") != []
    items = get(server, "/orchestrator/v1/jobs/352/events")
    assert isinstance(items, dict)
    assert items["items"][-1]["type"] == "job_finished"
    looks = get(server, "/v0/cluster/events")
    assert isinstance(looks, list)
    assert len(looks) == SYSTEMS.count("feldera")
    assert {look["all_healthy"] for look in looks} == {True, False}
    with server.lines("/v1/event/stream?topic=Node&topic=Deployment") as lines:
        assert b'"Topic":"Node"' in events_after(lines, 1)[0]
    with server.lines(
        "/v1/events?position=START_POSITION_EARLIEST&selection.docker_cloud.namespace=shop"
    ) as lines:
        assert b'"dockerCloud":' in next(lines)


def test_a_second_time_it_stores_nothing(server: Server) -> None:
    demo(server.grpc)
    before = server.publish_nomad([b"{}"])  # a heartbeat: stores nothing
    assert demo(server.grpc) == (0, f"{len(HOUR)} records were there already\n", "")
    assert before == []
    with server.lines("/v1/events?position=START_POSITION_EARLIEST") as lines:
        seen = [next(lines) for _ in HOUR]
        assert all(b'"batch"' in line for line in seen)
        assert b'"heartbeat"' in next(lines)


def test_what_is_refused_is_told_once_and_ends_with_status_1(server: Server) -> None:
    event = {"job": "352", "type": "job_finished", "message": "", "details": {}}
    server.request("POST", "/v1/publish/puppet", json.dumps(event).encode())
    status, told, problems = demo(server.grpc)
    assert status == 1
    assert " 9 Puppet, " in told
    assert problems.startswith("tidings demo: Puppet: 11 records refused: ")
    assert len(problems.splitlines()) == 1


@pytest.mark.own_store
def test_a_day_is_recorded_in_a_new_log_at_its_own_times(tmp_path: Path) -> None:
    folder = tmp_path / "day"
    status, told, problems = demo("", f"--day={folder}")
    count = len(list(day_of(0)))
    assert (status, problems) == (0, "")
    assert told == (
        f"stored {count} records of yesterday; to serve them: tidings serve --data {folder}\n"
    )
    server = Server(folder, store=())
    try:
        page = get(server.start(), "/v1/records?page_size=1&order=READ_ORDER_NEWEST_FIRST")
    finally:
        server.end()
    assert isinstance(page, dict)
    (record,) = page["records"]
    assert record["recordedAt"][11:14] == "23:"
    again = demo("", f"--day={folder}")
    assert again == (1, "", f"tidings demo: {folder} holds a log already\n")


def test_a_stranger_and_a_server_that_is_away_are_told(
    guarded: GuardedServer, tmp_path: Path
) -> None:
    status, told, problems = demo(guarded.server.grpc)
    assert (status, told) == (1, "")
    assert "UNAUTHENTICATED" in problems
    status, told, problems = demo("127.0.0.1:1")
    assert (status, told, len(problems.splitlines())) == (1, "", 1), problems
