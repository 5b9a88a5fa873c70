"""Bodies that are or may be large: who sends them is asked first, and then they are bounded."""

from __future__ import annotations

import json

import pytest

from tests.gateway.doors.guard import Guard
from tests.gateway.doors.test_publish import CHUNKED, NOMAD, chunk, line, stored, values
from tests.kit.http import Http
from tidings.gateway.upload import upload

EVENTS = "/v1/events"
FIRE = "/v1/event/fire/web-x"
PATHS = (EVENTS, NOMAD, "/v1/publish/feldera")
LARGE = "Content-Length: 15000000"
LINES = "Content-Type: application/x-ndjson"


@pytest.mark.parametrize("framing", [LARGE, CHUNKED])
@pytest.mark.parametrize("path", [*PATHS, EVENTS + "?"])
@pytest.mark.parametrize(("sort", "status"), [("", 401), ("unknown", 401), ("reader", 403)])
def test_a_stranger_is_refused_before_his_body_comes(
    guard: Guard, path: str, sort: str, status: int, framing: str
) -> None:
    who = [f"Authorization: Bearer {guard.secrets[sort]}"] if sort else []
    kind = [LINES] if path.endswith("?") else []
    with guard.http.open(path, framing, *who, *kind, method="POST") as upload:
        assert upload.head().status == status


@pytest.mark.parametrize("sort", ["unknown", "expired", "revoked"])
def test_who_fires_with_a_bad_token_is_refused_before_his_body_comes(
    guard: Guard, sort: str
) -> None:
    token = f"X-Consul-Token: {guard.secrets[sort]}"
    with guard.http.open(FIRE, LARGE, token, method="PUT") as upload:
        answer = upload.answer()
    assert (answer.status, answer.body) == (500, b"ACL not found")


def test_who_may_publish_is_read_from(guard: Guard) -> None:
    who = f"Authorization: Bearer {guard.secrets['publisher']}"
    with guard.http.open(NOMAD, CHUNKED, who, method="PUT") as upload:
        upload.send(chunk(line(1)))
        assert upload.head().status == 200
        assert set(stored(upload)) == {"line", "seq"}
    body = line(2, text="x" * 100_000)
    assert set(values(guard.http.ask("POST", NOMAD, who, body=body).body)[0]) == {"line", "seq"}


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (
            b'{"events":[' + b",".join([b"{}"] * 70_000) + b"]}",
            413,
            "the body: it holds more than 65536 objects and lists",
        ),
        (
            b'{"events":[' + b",".join([b"[[]]"] * 40_000) + b"]}",
            413,
            "the body: it holds more than 65536 objects and lists",
        ),
        (
            b'{"events":[{"consul":{"Name":"' + b"x" * 8_400_000 + b'"}}]}',
            413,
            "the body: it is larger than 8388608 bytes",
        ),
        (
            b'{"events":[' + b"{}," * 30_000,
            400,
            "the body is not JSON: the body ends inside of an object",
        ),
    ],
    ids=["objects", "lists", "bytes", "cut off"],
)
def test_one_body_that_holds_too_much_is_not_read(
    http: Http, body: bytes, status: int, message: str
) -> None:
    answer = http.ask("POST", EVENTS, body=body)
    assert (answer.status, json.loads(answer.body)["message"]) == (status, message)


def test_a_line_that_holds_too_much_fails_alone(http: Http) -> None:
    event = b'{"Topic":"Job","Type":"x","Key":"k","Payload":{"Job":{"A":[%b]}}}'
    bad = b'{"Index":1,"Events":[' + event % b",".join([b"{}"] * 70_000) + b"]}\n"
    answer = http.ask("POST", NOMAD, body=line(1) + bad + line(2))
    assert [each.get("error", "stored") for each in values(answer.body)] == [
        "stored",
        "it holds more than 65536 objects and lists",
        "stored",
    ]


def test_an_array_that_is_stored_from_its_end_is_bounded_in_count(
    http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "MAX_HELD", 3)
    event = b'{"all_healthy":true,"api_status":"Healthy"}'
    answer = http.ask("POST", "/v1/publish/feldera", body=b"[%b]" % b",".join([event] * 5))
    assert answer.status == 413
    assert values(answer.body) == [{"line": 1, "error": "the array has more than 3 elements"}]
    assert http.ask("GET", "/v0/cluster/events").body == b"[]", "nothing of it is stored"


@pytest.mark.parametrize("path", [EVENTS, NOMAD])
def test_bad_lines_without_number_are_answered_in_their_places(http: Http, path: str) -> None:
    """Only the first of them is the service's to refuse; the others wait for those before them."""
    good = line(1) if path == NOMAD else b'{"events":[{"consul":{"Name":"x"}}]}\n'
    body = b"".join(good if number % 100 == 50 else b"x\n" for number in range(5000))
    answer = http.ask("POST", path, body=body)
    found = values(answer.body)
    assert [each["line"] for each in found] == list(range(1, 5001))
    seqs = [each["seq"] for each in found if "seq" in each]
    assert seqs == sorted(seqs)
    assert [each["line"] % 100 for each in found if "seq" in each] == [51] * 50
