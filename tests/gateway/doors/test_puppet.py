"""Puppet Orchestrator's door: request and exact answer, against the real service."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.kit.server import Server, serving
from tests.patience import PATIENCE_S
from tidings.gateway.doors.puppet import jobs
from tidings.v1 import puppet_pb2

# Puppet's documented sample; its id and link are the server's to say.
SEED = {
    "type": "node_running",
    "timestamp": "2016-05-05T19:50:08Z",
    "details": {"node": "puppet-agent.example.com", "detail": {"noop": False}},
    "message": "Started puppet run on puppet-agent.example.com ...",
}
TYPES = (
    *("node_running", "node_finished", "node_failed", "node_errored", "node_skipped"),
    *("job_stopping", "job_aborted", "job_finished"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with job 352 (events 2, 3 and 5) and job 353 (event 4)."""
    with serving(tmp_path_factory.mktemp("puppet") / "data", "--gateways=2") as running:
        for job in ("352", "352", "353", "352"):
            publish(running, {**SEED, "job": job})
        yield running


def publish(server: Server, *items: dict[str, Any]) -> list[dict[str, Any]]:
    body = "\n".join(json.dumps(item) for item in items).encode()
    _, _, answer = server.request("POST", "/v1/publish/puppet", body)
    return [json.loads(line) for line in answer.splitlines()]


def get(server: Server, path: str, method: str = "GET") -> tuple[int, dict[str, str], Any]:
    status, headers, body = server.request(method, f"/orchestrator/v1/{path}")
    return status, headers, json.loads(body) if body else None


def ids(answer: Any) -> list[str]:
    return [item["id"] for item in answer["items"]]


@pytest.mark.parametrize(
    ("query", "wanted", "following"),
    [
        ("", ["2", "3", "5"], "6"),
        ("?start=0", ["2", "3", "5"], "6"),
        ("?start=-1", ["2", "3", "5"], "6"),
        ("?start=2", ["2", "3", "5"], "6"),
        ("?start=3", ["3", "5"], "6"),
        ("?start=4", ["5"], "6"),
        ("?start=005", ["5"], "6"),
        ("?start=6", [], "6"),
        ("?start=1272", [], "1272"),
        ("?start=99999999999999999999", [], "99999999999999999999"),
        ("?start=3&limit=1&token=abc", ["3", "5"], "6"),
    ],
)
def test_start_is_an_inclusive_id(
    server: Server, query: str, wanted: list[str], following: str
) -> None:
    status, headers, answer = get(server, f"jobs/352/events{query}")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert ids(answer) == wanted
    link = f"http://{server.http}/orchestrator/v1/jobs/352/events?start={following}"
    assert answer["next-events"] == {"id": link, "event": following}


def test_the_seed_item_comes_out_equal(server: Server) -> None:
    _, _, answer = get(server, "jobs/353/events")
    assert answer["items"] == [{"id": "4", **SEED}]
    assert list(answer) == ["next-events", "items"]
    assert list(answer["items"][0]) == ["id", "type", "timestamp", "details", "message"]


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("jobs/352/events?start=", 400, ("start", "")),
        ("jobs/352/events?start=abc", 400, ("start", "abc")),
        ("jobs/352/events?start=1.5", 400, ("start", "1.5")),
        ("jobs/352/events?start=1e3", 400, ("start", "1e3")),
        ("jobs/352/events?start=0x10", 400, ("start", "0x10")),
        ("jobs/352/events?start=%201", 400, ("start", " 1")),
        ("jobs/352/events?start=1&start=1", 400, ("start", "1, 1")),
        ("jobs/abc/events", 400, ("job-id", "abc")),
        ("jobs/1.5/events", 400, ("job-id", "1.5")),
        ("jobs/abc/events?start=abc", 400, ("job-id", "abc")),
    ],
)
def test_what_is_no_integer_is_a_validation_error(
    server: Server, path: str, status: int, body: tuple[str, str]
) -> None:
    found, _, answer = get(server, path)
    assert found == status
    assert answer["kind"] == "puppetlabs.orchestrator/validation-error"
    assert answer["details"] == dict([body])
    assert set(answer) == {"kind", "msg", "details"}


@pytest.mark.parametrize("job", ["351", "0", "-1", "99999999999999999999"])
def test_an_unknown_job_is_404(server: Server, job: str) -> None:
    assert get(server, f"jobs/{job}/events")[::2] == (
        404,
        {
            "kind": "puppetlabs.orchestrator/unknown-job",
            "msg": f"Unknown job {job}",
            "details": {"job": job},
        },
    )


@pytest.mark.parametrize("path", ["jobs/352/events/", "jobs/352", "jobs", "x/y", ""])
def test_other_paths_are_404_with_a_body(server: Server, path: str) -> None:
    status, _, answer = get(server, path)
    assert (status, answer["kind"]) == (404, "puppetlabs.orchestrator/not-found")


def test_head_is_get_without_a_body_and_others_are_405(server: Server) -> None:
    status, headers, answer = get(server, "jobs/352/events", "HEAD")
    assert (status, headers["content-type"], answer) == (200, "application/json", None)
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        status, headers, answer = get(server, "jobs/352/events", method)
        assert (status, headers["allow"]) == (405, "GET, HEAD")
        assert set(answer) == {"kind", "msg", "details"}


def test_every_type_goes_in_and_comes_out(server: Server) -> None:
    items = [{**SEED, "job": "400", "type": kind, "message": kind} for kind in TYPES]
    answers = publish(server, *items)
    assert all("seq" in answer for answer in answers)
    _, _, answer = get(server, "jobs/400/events")
    for item in answer["items"]:
        del item["id"]
    assert answer["items"] == [{k: v for k, v in item.items() if k != "job"} for item in items]


def test_a_finished_job_takes_no_more(server: Server) -> None:
    end = {**SEED, "job": "401", "type": "job_finished", "id": "77"}
    (stored,) = publish(server, end)
    (again,) = publish(server, end)
    assert again == {**stored, "duplicate": True}
    status, _, body = server.request(
        "POST", "/v1/publish/puppet", json.dumps({**SEED, "job": "401"}).encode()
    )
    assert status == 400
    assert "job 401 has finished" in json.loads(body)["error"]


def test_details_stay_as_they_were_written(server: Server) -> None:
    line = (
        b'{"job":"402","type":"custom","timestamp":"2016-05-05T19:50:08Z",'
        b'"details":{"b": 1.50, "a":\t12345678901234567890123},"message":"m "}'
    )
    assert server.request("POST", "/v1/publish/puppet", line)[0] == 200
    _, _, body = server.request("GET", "/orchestrator/v1/jobs/402/events")
    assert b'"details":{"b": 1.50, "a":\t12345678901234567890123}' in body


def test_without_details_there_is_an_empty_object(server: Server) -> None:
    publish(server, {"job": 403, "type": "job_aborted", "timestamp": SEED["timestamp"]})
    (item,) = get(server, "jobs/403/events")[2]["items"]
    assert (item["details"], item["message"]) == ({}, "")


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ({**SEED}, "job: is missing"),
        ({**SEED, "job": "abc"}, "job"),
        ({**SEED, "job": True}, "job: expected"),
        ({**SEED, "job": "404", "nonsense": 1}, "nonsense: unknown member"),
        ({**SEED, "job": "404", "type": ""}, "type"),
        ({**SEED, "job": "404", "timestamp": "yesterday"}, "timestamp"),
    ],
)
def test_bad_items_are_refused(server: Server, item: dict[str, Any], problem: str) -> None:
    (answer,) = publish(server, item)
    assert problem in answer["error"]
    assert get(server, "jobs/404/events")[0] == 404


# What the Ruby client sends, header for header (orchestrator_client 0.7.2).
RUBY = (
    "GET /orchestrator/v1/jobs/{job}/events{query} HTTP/1.1\r\n"
    "Content-Type: application/json\r\nX-Authentication: 0abc\r\n"
    "User-Agent: OrchestratorRubyClient/0.7.2\r\n"
    "Accept-Encoding: gzip;q=1.0,deflate;q=0.6,identity;q=0.3\r\nAccept: */*\r\n"
    "Connection: keep-alive\r\nKeep-Alive: 30\r\nHost: {host}\r\n\r\n"
)


def test_the_ruby_clients_requests_share_a_connection(server: Server) -> None:
    host, _, port = server.http.rpartition(":")
    with closing(socket.create_connection((host, int(port)), PATIENCE_S)) as connection:
        reader = connection.makefile("rb")
        for query, count in (("", 3), ("?start=3", 2), ("?start=6", 0)):
            request = RUBY.format(job="352", query=query, host=server.http)
            connection.sendall(request.encode())
            assert reader.readline() == b"HTTP/1.1 200 OK\r\n"
            length = 0
            while (line := reader.readline()) != b"\r\n":
                name, _, value = line.partition(b":")
                assert name.lower() != b"content-encoding"
                length = int(value) if name.lower() == b"content-length" else length
            assert len(json.loads(reader.read(length))["items"]) == count
        reader.close()


class TestPrintedJob:
    """What is kept of a job that was printed."""

    def item(self, number: int) -> puppet_pb2.PuppetJobEvent:
        return puppet_pb2.PuppetJobEvent(id=str(number), type="t", message=f"m{number}")

    def test_an_unchanged_job_is_not_printed_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        printed: list[str] = []
        real = jobs.print_item

        def counted(item: puppet_pb2.PuppetJobEvent) -> bytes:
            printed.append(item.id)
            return real(item)

        monkeypatch.setattr(jobs, "print_item", counted)
        job = jobs.PrintedJob("log")
        job.add([self.item(2), self.item(5)])
        first = job.body(b"{", 0)
        job.add([self.item(5)])
        assert job.body(b"{", 0) is first
        assert job.body(b'{"a":1,', 0).removeprefix(b'{"a":1,') == first.removeprefix(b"{")
        job.add([self.item(9)])
        assert job.body(b"{", 0).startswith(first.removesuffix(b"]}"))
        assert printed == ["2", "5", "9"]

    def test_what_is_gone_from_the_log_is_gone_here(self) -> None:
        job = jobs.PrintedJob("log")
        job.add([self.item(n) for n in (2, 5, 9)])
        job.drop_before(5)
        assert job.ids == [5, 9]
        assert job.body(b"{", 0) == job.body(b"{", 5)
        assert job.body(b"{", 9) == b'{"items":[' + jobs.print_item(self.item(9)) + b"]}"
        assert job.body(b"{", 10) == b'{"items":[]}'


@pytest.mark.embedded  # where a stream is deleted, the service ends
def test_a_wiped_log_leaves_nothing_of_the_old_job(server: Server) -> None:
    with serving(server.data.with_name("wiped")) as mine:
        publish(mine, *({**SEED, "job": "9", "message": str(n)} for n in range(3)))
        assert len(get(mine, "jobs/9/events")[2]["items"]) == 3
        service = mine.children()["service"]
        for file in mine.data.glob("log.db*"):
            file.unlink()
        service.kill()
        service.wait(PATIENCE_S)
        publish(mine, {**SEED, "job": "8"}, {**SEED, "job": "9", "message": "new"})
        (item,) = get(mine, "jobs/9/events")[2]["items"]
        assert (item["id"], item["message"]) == ("3", "new")
