"""Blocking lists before a real service: who wakes, and what wakes nobody."""

from __future__ import annotations

import json

import pytest

from tests.kit.http import Answer, Connection, Http, gateway
from tests.patience import PATIENCE_S
from tests.rpc.serving import Deployment, serving

LIST = "/v1/event/list"


def fire(http: Http, name: str, body: bytes = b"") -> str:
    answer = http.ask("PUT", f"/v1/event/fire/{name}", body=body)
    assert answer.status == 200
    return str(json.loads(answer.body)["ID"])


def names(answer: Answer) -> list[str]:
    return [event["Name"] for event in json.loads(answer.body)]


def index(answer: Answer) -> int:
    return int(answer.headers["x-consul-index"])


def is_quiet(connection: Connection) -> bool:
    """Say whether nothing has come, as far as can be said after a round trip beside it."""
    return not connection.has_data()


def test_a_list_waits_for_the_first_event(http: Http) -> None:
    with http.open(f"{LIST}?index=1&wait={PATIENCE_S}s") as waiting:
        fire(http, "deploy")
        answer = waiting.answer()
    assert (names(answer), index(answer)) == (["deploy"], 2)


def test_an_event_of_another_name_releases_nobody(http: Http) -> None:
    fire(http, "deploy")
    with http.open(f"{LIST}?name=deploy&index=2&wait={PATIENCE_S}s") as waiting:
        fire(http, "other")
        assert index(http.ask("GET", LIST)) == 3
        assert is_quiet(waiting)
        fire(http, "deploy")
        answer = waiting.answer()
    assert (names(answer), index(answer)) == (["deploy", "deploy"], 4)


def test_every_answer_is_the_whole_list_and_its_index_rises(http: Http) -> None:
    seen = index(http.ask("GET", LIST))
    fired: list[str] = []
    for number in range(5):
        fired.append(fire(http, f"e{number}"))
        answer = http.ask("GET", f"{LIST}?index={seen}&wait={PATIENCE_S}s")
        assert [event["ID"] for event in json.loads(answer.body)] == fired
        assert index(answer) > seen
        seen = index(answer)


def test_the_index_is_what_consuls_clients_compute_from_the_newest_id(http: Http) -> None:
    for _ in range(3):
        identifier = fire(http, "deploy")
        digits = identifier.replace("-", "")
        high, low = int(digits[:16], 16), int(digits[16:], 16)
        assert index(http.ask("GET", LIST)) == high ^ low


def test_the_newest_256_are_listed(http: Http) -> None:
    lines = b"\n".join(b'{"Name":"n%d"}' % number for number in range(300))
    assert http.ask("POST", "/v1/publish/consul", body=lines).status == 200
    assert names(http.ask("GET", LIST)) == [f"n{number}" for number in range(44, 300)]
    gone = http.ask("GET", f"{LIST}?name=n43")
    assert (gone.body, index(gone)) == (b"[]", 1)


def test_a_payload_of_32_kib_is_the_limit(http: Http) -> None:
    assert http.ask("PUT", "/v1/event/fire/x", body=b"x" * 32768).status == 200
    refused = http.ask("PUT", "/v1/event/fire/x", body=b"x" * 32769)
    assert refused.status == 413
    assert b"32769 bytes, at most 32768 are allowed" in refused.body
    assert names(http.ask("GET", LIST)) == ["x"]


@pytest.mark.parametrize(
    ("payload_bytes", "text"),
    [
        (404, None),
        (405, "encoded user event exceeds configured limit of 512 bytes after encoding"),
        (434, "encoded user event exceeds configured limit of 512 bytes after encoding"),
        (435, "user event exceeds configured limit of 512 bytes before encoding"),
    ],
)
def test_the_older_rule_of_512_bytes(address: str, payload_bytes: int, text: str | None) -> None:
    deployment = Deployment(settings={"consul": {"max_payload_bytes": None}})
    with serving(address, deployment) as served, gateway(served.server, address) as http:
        answer = http.ask("PUT", "/v1/event/fire/deploy", body=b"x" * payload_bytes)
    if text is None:
        assert answer.status == 200
    else:
        assert (answer.status, answer.body.decode()) == (500, f"error broadcasting event: {text}")
