"""What Puppet's door keeps of the jobs that it has printed; its links and errors as set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.kit.http import Http, gateway
from tests.rpc.serving import Served, serving
from tidings.gateway.doors.puppet import door, jobs
from tidings.v1 import puppet_pb2

JOB = "/orchestrator/v1/jobs/352/events"


@pytest.fixture
def served(address: str) -> Iterator[Served]:
    with serving(address) as running:
        yield running


@pytest.fixture
def http(served: Served) -> Iterator[Http]:
    with gateway(served.server, served.address) as running:
        yield running


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of all items that are printed, in order."""
    seen: list[str] = []
    real = jobs.print_item

    def counted(item: puppet_pb2.PuppetJobEvent) -> bytes:
        seen.append(item.id)
        return real(item)

    monkeypatch.setattr(jobs, "print_item", counted)
    return seen


def publish(http: Http, count: int, job: str = "352") -> None:
    item = {"job": job, "type": "node_running", "timestamp": "2016-05-05T19:50:08Z"}
    body = json.dumps([{**item, "message": str(n)} for n in range(count)]).encode()
    answer = http.ask("POST", "/v1/publish/puppet", body=body)
    assert (answer.status, answer.body.count(b'"seq"')) == (200, count)


def ids(http: Http, query: str = "") -> list[str]:
    answer = http.ask("GET", JOB + query)
    assert answer.status == 200
    return [item["id"] for item in json.loads(answer.body)["items"]]


def test_only_what_is_new_is_printed(http: Http, printed: list[str]) -> None:
    publish(http, 2)
    for query in ("", "", "?start=3", "?start=99"):
        http.ask("GET", JOB + query)
    assert printed == ["2", "3"]
    publish(http, 1, job="353")
    publish(http, 1)
    before = http.ask("GET", JOB).body
    assert printed == ["2", "3", "5"]
    assert http.ask("GET", JOB).body == before
    assert ids(http) == ["2", "3", "5"]
    assert printed == ["2", "3", "5"]


def test_a_long_job_is_joined_from_pages(
    http: Http, printed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_PAGE", 2)
    publish(http, 5)
    assert ids(http) == ["2", "3", "4", "5", "6"]
    publish(http, 3)
    assert ids(http, "?start=6") == ["6", "7", "8", "9"]
    assert printed == [str(number) for number in range(2, 10)]


def test_what_is_trimmed_is_not_shown_again(http: Http, served: Served, printed: list[str]) -> None:
    publish(http, 3)
    assert ids(http) == ["2", "3", "4"]
    served.run(served.store.trim("puppet.352", 3))
    assert ids(http) == ["4"]
    assert printed == ["2", "3", "4"]
    served.run(served.store.trim("puppet.352", 4))
    assert http.ask("GET", JOB).status == 404
    publish(http, 1)
    assert ids(http) == ["5"]


def test_many_jobs_are_counted_in_bytes() -> None:
    kept = jobs.PrintedJobs(max_bytes=10_000)
    for number in range(100):
        job = jobs.PrintedJob("log")
        job.add([puppet_pb2.PuppetJobEvent(id="2", type="t", message="m" * 400)])
        kept.put(number, job)
        kept.put(number, job)
    left = [number for number in range(100) if kept.get(number) is not None]
    assert left == list(range(left[0], 100))
    assert 10 < len(left) < 25
    kept.forget(left[0])
    kept.forget(left[0])
    assert kept.get(left[0]) is None


@pytest.mark.parametrize(
    ("base", "host", "wanted"),
    [
        ("", "puppet.example.com:8143", "http://puppet.example.com:8143"),
        ("https://pe.example.com:8143/", "tidings", "https://pe.example.com:8143"),
        ("https://pe.example.com/x", "tidings", "https://pe.example.com/x"),
    ],
)
def test_links_follow_the_host_or_the_setting(
    served: Served, base: str, host: str, wanted: str
) -> None:
    named = {"puppet_base_url": base, "http_allow_host": ("puppet.example.com", "tidings")}
    with gateway(served.server, served.address, **named) as http:
        publish(http, 1)
        request = f"GET {JOB}?token=secret HTTP/1.1\r\nHost: {host}\r\n\r\n"
        with http.connection() as connection:
            answer: Any = json.loads(connection.send(request.encode()).answer().body)
    assert answer["next-events"]["id"] == f"{wanted}{JOB}?start=3"


def test_the_kind_of_a_400_can_be_the_ruby_clients(served: Served) -> None:
    kind = "puppetlabs.validators/validation-error"
    with gateway(served.server, served.address, puppet_validation_kind=kind) as http:
        answer = http.ask("GET", f"{JOB}?start=abc")
    assert answer.status == 400
    assert json.loads(answer.body) == {
        "kind": kind,
        "msg": "start must be an integer",
        "details": {"start": "abc"},
    }


def test_head_says_the_length_of_what_get_gives(http: Http) -> None:
    publish(http, 1)
    got, headed = http.ask("GET", JOB), http.ask("HEAD", JOB)
    assert (headed.status, headed.headers, headed.body) == (200, got.headers, b"")
    assert int(headed.headers["content-length"]) == len(got.body)
