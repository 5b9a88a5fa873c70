"""Large answers and bodies that stay: shared, bounded, and let go of."""

from __future__ import annotations

import contextlib
import re
from contextlib import ExitStack

import pytest

from tests.kit.http import Http, gateway, request_bytes
from tests.rpc.serving import serving
from tidings.gateway import budget

LIST = "/v1/event/list"
FIRE = "/v1/event/fire/x"
PAYLOAD = b"x" * 30_000


def metric(http: Http, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$".encode(), http.ask("GET", "/metrics").body, re.MULTILINE)
    assert found is not None
    return float(found[1])


def fill(http: Http, count: int) -> int:
    """Fire large events; return how long their list is."""
    for _ in range(count):
        assert http.ask("PUT", FIRE, body=PAYLOAD).status == 200
    return len(http.ask("GET", LIST).body)


@pytest.mark.parametrize("query", ["", "?name=x", "?pretty"])
def test_those_who_do_not_read_the_same_list_hold_it_once(http: Http, query: str) -> None:
    fill(http, 200)  # 8 MB, more than the machine holds
    size_bytes = len(http.ask("GET", LIST + query).body)
    count = 10
    with ExitStack() as readers:
        clients = [readers.enter_context(http.connection(4096)) for _ in range(count)]
        for client in clients:
            client.send(request_bytes("GET", LIST + query, (), b""))
        while metric(http, "tidings_http_open_requests") < count + 1:
            pass
        for client in clients:
            assert client.head().headers["content-length"] == str(size_bytes)
        assert metric(http, "tidings_http_held_bytes") == size_bytes
    while metric(http, "tidings_http_held_bytes"):
        pass


def test_an_answer_that_is_not_read_is_broken_off(address: str) -> None:
    with (
        serving(address) as served,
        gateway(served.server, address, http_silence=0.3) as http,
    ):
        size_bytes = fill(http, 200)
        with http.connection(receive_bytes=4096) as client:
            client.send(request_bytes("GET", LIST, (), b""))
            client.head()
            while metric(http, "tidings_http_held_bytes"):
                pass
            whole = b""
            with contextlib.suppress(ConnectionError):
                whole = client.rest()
            assert len(whole) < size_bytes


def test_bodies_beyond_the_budget_are_asked_to_come_again(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "WAIT_S", 0.05)
    with (
        serving(address) as served,
        gateway(served.server, address, held_bytes=100_000) as http,
        http.connection() as slow,
    ):
        slow.send(request_bytes("PUT", FIRE, ("Content-Length: 60000",), b"") + PAYLOAD)
        while metric(http, "tidings_http_held_bytes") < len(PAYLOAD):
            pass
        for path in (FIRE, "/v1/events", "/v1/publish/consul"):
            method = "PUT" if path == FIRE else "POST"
            answer = http.ask(method, path, body=b'{"Name":"' + b"y" * 50_000)
            assert answer.status == 503, path
        assert http.ask("PUT", FIRE, body=b"small").status == 200
