"""`tidings serve --gateways 2`: what a client gets does not depend on which of them it meets."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import signal
import ssl
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.certificates import Authority
from tests.e2e.test_metrics import metrics_of
from tests.kit.server import Server, events_after, nomad_line, serving
from tests.patience import PATIENCE_S, until

pytestmark = pytest.mark.slow

NUMBERS = (1, 2)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two gateways that a module's tests share."""
    with serving(
        tmp_path_factory.mktemp("gateways") / "data", "--gateways=2", "--metrics=127.0.0.1:0"
    ) as running:
        publish_all(running)
        yield running


@pytest.fixture
def both(pair: Server) -> Iterator[list[http.client.HTTPConnection]]:
    """A connection to each of its gateways."""
    with met(pair, 1) as one, met(pair, 2) as other:
        yield [one, other]


def publish_all(server: Server) -> None:
    job = {"job": "352", "type": "node_running", "message": "x", "details": {"node": "w"}}
    assert server.request("POST", "/v1/publish/puppet", json.dumps(job).encode())[0] == 200
    assert server.request("PUT", "/v1/event/fire/deploy", b"payload")[0] == 200
    server.publish_nomad([nomad_line(number) for number in range(1, 6)])


def gateways(server: Server) -> dict[int, psutil.Process]:
    """Return the living gateways by their number."""
    found = {}
    for child in psutil.Process(server.process.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            number = re.search(r"--number=(\d+)", " ".join(child.cmdline()))
            if number:
                found[int(number[1])] = child
    return found


def gateway_of(server: Server, connection: http.client.HTTPConnection) -> int:
    """Return the number of the gateway that a connection has met."""
    own = connection.sock.getsockname()

    def met() -> int | None:
        for number, process in gateways(server).items():
            if any(each.raddr == own for each in process.net_connections("tcp")):
                return number
        return None

    return until(met, "a gateway has the connection")


@contextlib.contextmanager
def met(
    server: Server, number: int, tls: ssl.SSLContext | None = None
) -> Iterator[http.client.HTTPConnection]:
    """Lend a connection to one of the gateways: one of many, which any may take."""
    with contextlib.ExitStack() as stack:

        def of_this_one() -> http.client.HTTPConnection | None:
            made = (
                http.client.HTTPSConnection(server.http, timeout=PATIENCE_S, context=tls)
                if tls
                else http.client.HTTPConnection(server.http, timeout=PATIENCE_S)
            )
            stack.callback(made.close)
            made.request("GET", "/healthz")
            assert made.getresponse().read()
            return made if gateway_of(server, made) == number else None

        yield until(of_this_one, f"gateway {number} takes a connection")


def asked(
    connection: http.client.HTTPConnection, method: str, path: str
) -> tuple[int, dict[str, str], bytes]:
    connection.request(method, path)
    answer = connection.getresponse()
    varying = {"date", "x-request-id"}
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return answer.status, {k: v for k, v in headers.items() if k not in varying}, answer.read()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/event/list", 200),
        ("GET", "/v1/event/list?index=1", 200),
        ("GET", "/v1/agent/self", 200),
        ("GET", "/orchestrator/v1/jobs/352/events", 200),
        ("GET", "/orchestrator/v1/jobs/2/events", 404),
        ("GET", "/v0/cluster/events", 200),
        ("GET", "/v0/cluster/events/latest", 404),
        ("GET", "/v0/config", 200),
        ("GET", "/v1/records", 200),
        ("GET", "/v1/records:count", 200),
        ("GET", "/v1/records?types=", 400),
        ("GET", "/v1/event/stream?index=x", 400),
        ("GET", "/version", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/console/main.js", 200),
        ("GET", "/v1/nothing", 404),
        ("PUT", "/healthz", 405),
    ],
)
def test_both_answer_alike(
    both: list[http.client.HTTPConnection], method: str, path: str, status: int
) -> None:
    answers = [asked(connection, method, path) for connection in both]
    assert answers[0] == answers[1]
    assert answers[0][0] == status


def test_what_one_has_stored_the_other_shows_and_knows(pair: Server) -> None:
    with met(pair, 1) as one, met(pair, 2) as other:
        line = nomad_line(1000)
        answers = []
        for connection in (one, other):
            connection.request("POST", "/v1/publish/nomad?source=prod", line)
            answers.append(json.loads(connection.getresponse().read()))
        seq = answers[0]["seq"]
        assert answers == [
            {"line": 1, "seq": seq},
            {"line": 1, "seq": seq, "duplicate": True},
        ]
        streams = []
        for connection in (one, other):
            connection.request("GET", f"/v1/event/stream?index={seq}")
            streams += events_after(lines_of(connection.getresponse()), 1)
    assert streams[0] == streams[1]
    assert json.loads(streams[0])["Index"] == seq


def lines_of(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    return (line.rstrip(b"\n") for line in iter(answer.readline, b""))


def series_of(page: bytes) -> set[str]:
    return {line.rpartition(" ")[0] for line in page.decode().splitlines() if line[0] != "#"}


def test_both_show_the_metrics_of_both(both: list[http.client.HTTPConnection]) -> None:
    def shown() -> list[set[str]]:
        return [series_of(asked(connection, "GET", "/metrics")[2]) for connection in both]

    ups = {f'tidings_up{{process="gateway-{number}"}}' for number in NUMBERS}
    requests = {
        f'tidings_http_requests_total{{door="own",process="gateway-{number}",status="200"}}'
        for number in NUMBERS
    }

    def alike() -> set[str] | None:
        one, other = shown()
        return one if one == other else None

    found = until(alike, "both pages have the same series")
    assert ups | requests <= found


def test_the_page_of_all_parts_has_each_gateway_and_the_service_once(pair: Server) -> None:
    names, samples = metrics_of(pair)
    parts = {"service", *(f"gateway-{number}" for number in NUMBERS)}
    for name in ("tidings_up", "process_start_time_seconds"):
        found = [dict(labels) for (each, labels) in samples if each == name]
        assert sorted(labels["process"] for labels in found) == sorted(parts)
    assert {"tidings_last_seq", "tidings_http_requests_total"} <= names


def test_a_gateway_that_is_killed_costs_a_resuming_reader_nothing(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--gateways=2") as server:
        kill_one_under_a_reader(server)


def kill_one_under_a_reader(server: Server) -> None:
    before = gateways(server)
    first = server.publish_nomad([nomad_line(number) for number in range(2000, 2010)])[0]["seq"]
    with met(server, 1) as connection:
        connection.request("GET", f"/v1/event/stream?index={first}")
        lines = lines_of(connection.getresponse())
        seen = events_after(lines, 10)
        before[1].kill()
        before[1].wait(PATIENCE_S)
        server.publish_nomad([nomad_line(number) for number in range(2010, 2020)])
        with contextlib.suppress(http.client.HTTPException, ConnectionError):
            assert set(lines) <= {b"{}"}
    with server.lines(f"/v1/event/stream?index={json.loads(seen[-1])['Index'] + 1}") as lines:
        seen += events_after(lines, 10)
    keys = [json.loads(line)["Events"][0]["Key"] for line in seen]
    assert keys == [f"key-{number}" for number in range(2000, 2020)]
    until(lambda: set(gateways(server)) == set(NUMBERS), "the one that was killed is there again")
    after = gateways(server)
    assert after[2].pid == before[2].pid
    with met(server, 1) as connection:
        until(lambda: asked(connection, "GET", "/readyz")[0] == 200, "it is ready")


def test_a_reload_reaches_both_and_both_drain(tmp_path: Path) -> None:
    ours = Authority(tmp_path, "ours")
    used = ours.issue("first")
    tls = ssl.create_default_context(cafile=str(ours.file))
    tls.check_hostname = False
    with serving(tmp_path / "data", "--gateways=2", *used.flags("http")) as server:
        used.become(ours.issue("second"))
        server.process.send_signal(signal.SIGHUP)

        def shown_by(number: int) -> bool:
            with met(server, number, tls) as connection:
                assert isinstance(connection.sock, ssl.SSLSocket)
                shown = connection.sock.getpeercert()
                return shown is not None and "second" in str(shown["subject"])

        for number in NUMBERS:
            until(lambda number=number: shown_by(number), "the new one")  # type: ignore[misc]
        with server.lines("/v1/event/stream", tls) as lines:
            server.process.send_signal(signal.SIGTERM)
            assert list(lines) in ([], [b"{}"]), "a cut chunk would have raised"
        assert server.stop() == 0
