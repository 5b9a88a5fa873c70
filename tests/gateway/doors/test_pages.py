"""Lists that the service answers in pages are whole behind the doors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kit.http import Http
from tidings.core import limits
from tidings.gateway.upload import limits as upload_limits
from tidings.gateway.upstream import channel


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the service answer a few events a page."""
    monkeypatch.setattr("tidings.rpc.paging.MAX_PAGE_BYTES", 300)


@pytest.mark.usefixtures("small_pages")
def test_consuls_list_is_one_body_with_one_index(http: Http) -> None:
    lines = b"\n".join(b'{"Name":"n%d"}' % number for number in range(50))
    assert http.ask("POST", "/v1/publish/consul", body=lines).status == 200
    answer = http.ask("GET", "/v1/event/list")
    events = json.loads(answer.body)
    assert [event["Name"] for event in events] == [f"n{number}" for number in range(50)]
    assert answer.headers["x-consul-index"] == str(events[-1]["LTime"])
    named = json.loads(http.ask("GET", "/v1/event/list?name=n7").body)
    assert [event["Name"] for event in named] == ["n7"]


def test_consuls_list_of_full_payloads_is_larger_than_a_message(http: Http) -> None:
    for number in range(140):
        path = f"/v1/event/fire/n{number}"
        assert http.ask("PUT", path, body=b"x" * 32 * 1024).status == 200
    events = json.loads(http.ask("GET", "/v1/event/list").body)
    assert [event["Name"] for event in events] == [f"n{number}" for number in range(140)]


@pytest.mark.usefixtures("small_pages")
def test_felderas_list_and_summary_are_of_all_events(http: Http) -> None:
    for number in range(20):
        statuses = {f"{part}_status": "Healthy" for part in ("api", "compiler", "runner")}
        event = {"recorded_at": f"2023-11-14T00:00:{number:02}Z", **statuses}
        body = json.dumps(event).encode()
        assert http.ask("POST", "/v1/publish/feldera", body=body).status == 200
    events = json.loads(http.ask("GET", "/v0/cluster/events").body)
    seconds = [int(event["recorded_at"][17:19]) for event in events]
    assert seconds == list(range(19, -1, -1))
    health = json.loads(http.ask("GET", "/v0/cluster_healthz").body)
    assert health["runner"]["unchanged_since"].startswith("2023-11-14T00:00:00")


@pytest.mark.parametrize("path", ["/v1/publish/nomad", "/v1/publish/puppet", "/v1/events"])
def test_a_record_that_is_too_large_is_refused_in_the_same_words(http: Http, path: str) -> None:
    text = "x" * 4 * limits.MIB
    bodies = {
        "/v1/publish/nomad": {"Events": [{"Topic": "Job", "Type": "x", "Payload": {"T": text}}]},
        "/v1/publish/puppet": {"job": "1", "type": "node_running", "details": {"x": text}},
        "/v1/events": {"events": [{"nomad": {"topic": "Job", "type": "x", "key": text}}]},
    }
    answer = http.ask("POST", path, body=json.dumps(bodies[path]).encode())
    assert f"at most {limits.MAX_RECORD_BYTES} are allowed" in answer.body.decode()
    assert b"events: " in answer.body
    assert answer.status == (429 if path == "/v1/events" else 413)


def test_the_gateways_bounds_are_the_services(root: Path) -> None:
    assert limits.MAX_RECORD_BYTES == upload_limits.MAX_RECORD_BYTES
    options = dict(channel._OPTIONS)  # noqa: SLF001 - what a channel is made with
    assert options["grpc.max_send_message_length"] == limits.MAX_REQUEST_BYTES
    for name in ("event.proto", "event_service.proto"):
        text = (root / "protos/tidings/v1" / name).read_text()
        assert (f"({limits.MAX_RECORD_BYTES} bytes)" in text) == (name == "event.proto")
