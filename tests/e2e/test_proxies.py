"""Real proxies by the files in deploy/proxies, and every door's real client through them.

The tests of the clients themselves, with a server that is reached through a proxy.
"""

from __future__ import annotations

import copy
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import Authority
from tests.e2e import (
    test_docker_cloud_client,
    test_feldera_client,
    test_python_clients,
    test_ruby_client,
)
from tests.e2e.proxies import PROXIES, behind
from tests.kit.server import Server, events_after, nomad_line, serving
from tests.patience import PATIENCE_S, until
from tidings.v1 import event_pb2, event_service_pb2, nomad_pb2

pytestmark = pytest.mark.clients

# What pytest collects here as well: with the `server` of this file.
test_python_nomad = test_python_clients.test_python_nomad_reads_from_an_index_and_live
test_consul_clients = test_python_clients.test_consul_clients_fire_list_block_and_wake
python_nomad = test_python_clients.python_nomad
test_docker_cloud_client_of_all = (
    test_docker_cloud_client.test_run_forever_gets_all_events_without_a_namespace
)
python = test_docker_cloud_client.python
test_feldera = test_feldera_client.test_the_feldera_client_reads_cluster_events
test_puppet = test_ruby_client.test_ruby_reads_a_job_to_its_end_over_tls_1_2


@pytest.fixture(scope="module", params=PROXIES)
def ways(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, Authority]:
    folder = tmp_path_factory.mktemp(request.param)
    return request.param, folder, Authority(folder, "ca")


@pytest.fixture
def reached(ways: tuple[str, Path, Authority], tmp_path: Path) -> Iterator[tuple[Server, str]]:
    name, _, authority = ways
    # of a client at loopback Envoy tells another address of this machine, whichever that is
    trusted = "0.0.0.0/0" if name == "envoy" else "127.0.0.1"
    with serving(tmp_path / "data", f"--http-trusted-proxies={trusted}") as running:
        folder = tmp_path / "proxy"
        folder.mkdir()
        with behind(name, running, folder, authority.issue("proxy")) as seen:
            yield seen


@pytest.fixture
def server(reached: tuple[Server, str]) -> Server:
    return reached[0]


@pytest.fixture
def certificate(ways: tuple[str, Path, Authority]) -> tuple[Path, Path]:
    return ways[2].file, ways[2].file


@pytest.fixture
def secure(reached: tuple[Server, str]) -> Server:
    seen = copy.copy(reached[0])
    seen.http = reached[1]
    return seen


def test_an_upload_is_answered_while_it_goes_on(server: Server) -> None:
    with socket.create_connection(server.host_and_port, PATIENCE_S) as sock:
        head = f"POST /v1/publish/nomad HTTP/1.1\r\nHost: {server.http}\r\nTransfer-Encoding: "
        sock.sendall(f"{head}chunked\r\n\r\n".encode())
        with sock.makefile("rb") as answer:
            for number in range(1, 4):
                line = nomad_line(number) + b"\n"
                sock.sendall(b"%x\r\n%s\r\n" % (len(line), line))
                while not (said := answer.readline()).startswith(b'{"line"'):
                    assert said, "it ended"
                assert json.loads(said)["line"] == number


def test_a_stream_comes_line_by_line(server: Server) -> None:
    with server.lines("/v1/event/stream?index=1") as lines:
        for number in range(3):
            (answer,) = server.publish_nomad([nomad_line(number)])
            assert answer["line"] == 1
            (line,) = events_after(lines, 1)
            assert json.loads(line)["Events"][0]["Key"] == f"key-{number}"


def test_the_log_knows_the_client_behind_the_proxy(
    server: Server, ways: tuple[str, Path, Authority]
) -> None:
    told = {"X-Forwarded-For": "192.0.2.7", "X-Request-Id": "behind"}
    host, port = server.host_and_port
    from_elsewhere = HTTPConnection(host, int(port), PATIENCE_S, source_address=("127.0.0.2", 0))
    with closing(from_elsewhere) as connection:
        connection.request("GET", "/healthz", headers=told)
        assert connection.getresponse().status == 200
    # the line is written once the answer is on its way
    (line,) = until(
        lambda: [line for line in server.log_path.read_text().splitlines() if "=behind" in line],
        "the request is logged",
    )
    # what a client says of itself is not believed; of Envoy every address is trusted here
    client = "192.0.2.7" if ways[0] == "envoy" else "127.0.0.2"
    assert f"client={client} " in line


def test_grpc_publishes_and_follows(server: Server) -> None:
    with server.stub() as stub:
        call = stub.Subscribe(event_service_pb2.SubscribeRequest(), timeout=PATIENCE_S)
        assert next(call).HasField("heartbeat")
        drafts = [
            event_pb2.Draft(
                events=[
                    event_pb2.Event(nomad=nomad_pb2.NomadEvent(topic="Job", type="T", key=f"{n}"))
                ]
            )
            for n in range(3)
        ]
        requests = (event_service_pb2.PublishStreamRequest(drafts=[draft]) for draft in drafts)
        answers: list[Any] = [
            result
            for response in stub.PublishStream(requests, timeout=PATIENCE_S)
            for result in response.results
        ]
        assert [answer.HasField("stored") for answer in answers] == [True] * 3
        seen: list[str] = []
        while len(seen) < 3:
            seen += [
                event.nomad.key for record in next(call).batch.records for event in record.events
            ]
        assert seen == ["0", "1", "2"]
        call.cancel()
