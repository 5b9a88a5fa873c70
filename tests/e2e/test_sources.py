"""`tidings serve` with sources: one Tidings records another through its Nomad API."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import grpc
import psutil
import pytest

from tests.kit.server import Server, nomad_line, serving
from tests.patience import PATIENCE_S, until
from tests.rpc.serving import read_to_head
from tidings.v1 import source_pb2, source_service_pb2
from tidings.v1.event_system_pb2 import EVENT_SYSTEM_CONSUL
from tidings.v1.source_service_pb2_grpc import SourceServiceStub


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "upstream") as running:
        yield running


def config_of(folder: Path, **urls: str) -> Path:
    """Write a configuration file with these sources of Nomad."""
    path = folder / "tidings.toml"
    tables = [f'[sources.{name}]\nsystem = "nomad"\nurl = "{url}"\n' for name, url in urls.items()]
    path.write_text("\n".join(tables))
    return path


def require(folder: Path, url: str) -> Path:
    """Write a configuration file with a source of Nomad that is required."""
    path = config_of(folder, prod=url)
    path.write_text(path.read_text() + "required = true\n")
    return path


def readiness(server: Server) -> int:
    status, _, _ = server.request("GET", "/readyz")
    return status


def recorded(server: Server) -> list[tuple[str, int]]:
    """Return source and upstream index of every event of Nomad, in the order of the log."""
    found = []
    with server.stub() as stub:
        for record in read_to_head(stub, after_seq=0):
            found += [
                (event.source, event.nomad.upstream_index)
                for event in record.events
                if event.HasField("nomad")
            ]
    return found


def sources(server: Server) -> dict[str, source_pb2.SourceStatus]:
    with grpc.insecure_channel(server.grpc) as channel:
        answer = SourceServiceStub(channel).ListSources(
            source_service_pb2.ListSourcesRequest(), timeout=PATIENCE_S
        )
    return {status.source: status for status in answer.sources}


def recorders(server: Server) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(server.process.pid).children()
        if "record" in child.cmdline()[:5]
    ]


def indexes(upstream: Server) -> list[int]:
    """Return the indexes that the other Tidings prints: its own positions."""
    with upstream.stub() as stub:
        return [record.seq for record in read_to_head(stub, after_seq=0)]


def test_a_source_is_recorded_through_kills_of_everything(upstream: Server, tmp_path: Path) -> None:
    config = config_of(tmp_path, prod=f"http://{upstream.http}")
    server = Server(tmp_path / "data", [f"--config={config}"])
    count = 0

    def happen() -> None:
        nonlocal count
        upstream.publish_nomad([nomad_line(1000 + count), nomad_line(1001 + count)])
        count += 2

    def has_all() -> bool:
        try:
            return [index for _, index in recorded(server)] == indexes(upstream)
        except grpc.RpcError:  # it is not back yet
            return False

    try:
        server.start()
        happen()
        until(has_all, "the first events are recorded")
        assert sources(server)["prod"].connected
        (recorder,) = recorders(server)
        os.kill(recorder.pid, signal.SIGKILL)
        happen()
        until(has_all, "a new process goes on")
        os.kill(server.children()["service"].pid, signal.SIGKILL)
        happen()
        until(has_all, "it goes on when the service is back")
        server.kill_all()
        happen()
        server.start()
        until(has_all, "it goes on after a crash of everything")
        upstream.kill_all()
        upstream.start()
        happen()
        until(has_all, "it goes on when the system is back")
        assert {source for source, _ in recorded(server)} == {"prod"}
        assert server.stop() == 0
    finally:
        server.end()


def test_a_hangup_starts_and_ends_sources_and_leaves_the_others_alone(
    upstream: Server, tmp_path: Path
) -> None:
    url = f"http://{upstream.http}"
    config = config_of(tmp_path, one=url)
    with serving(tmp_path / "data", f"--config={config}") as server:
        until(lambda: "one" in sources(server) and sources(server)["one"].connected, "one runs")
        (first,) = recorders(server)
        config_of(tmp_path, one=url, two=url)
        server.process.send_signal(signal.SIGHUP)
        until(lambda: "two" in sources(server) and sources(server)["two"].connected, "two runs")
        assert first.pid in {each.pid for each in recorders(server)}
        config_of(tmp_path, two=url)
        server.process.send_signal(signal.SIGHUP)
        until(lambda: not sources(server)["one"].node, "one is ended")
        assert sources(server)["two"].connected
        config.write_text(f"{config.read_text()}stale_after = '90s'\n")
        server.process.send_signal(signal.SIGHUP)
        until(
            lambda: sources(server)["two"].stale_after.seconds == 90, "two is run as it is set now"
        )
        until(lambda: sources(server)["two"].connected, "two runs again")
        (tmp_path / "tidings.toml").write_text("[sources.two]\nsystem = 'nomad'\n")
        server.process.send_signal(signal.SIGHUP)
        until(lambda: "sources.two.url: is required" in server.log_path.read_text(), "it is told")
        assert sources(server)["two"].connected
        assert server.stop() == 0


def test_a_server_is_ready_while_its_required_source_is_connected(
    upstream: Server, tmp_path: Path
) -> None:
    upstream.kill_all()
    config = require(tmp_path, f"http://{upstream.http}")
    with serving(tmp_path / "data", f"--config={config}") as server:
        assert readiness(server) == 503  # also before the source's process has said anything
        upstream.start()
        until(lambda: readiness(server) == 200, "it is connected")
        upstream.kill_all()
        until(lambda: readiness(server) == 503, "it is not connected any more")
        status, _, body = server.request("GET", "/readyz?verbose")
        assert (status, b"[-]sources failed: required sources are not connected" in body) == (
            503,
            True,
        )
        upstream.start()
        until(lambda: readiness(server) == 200, "it is connected again")
        assert server.stop() == 0


def test_a_hangup_ends_the_wait_for_a_required_source_that_cannot_run(
    upstream: Server, tmp_path: Path
) -> None:
    url = f"http://{upstream.http}"
    config = config_of(tmp_path)
    with serving(tmp_path / "data", f"--config={config}") as server:
        with grpc.insecure_channel(server.grpc) as channel:
            claim = source_service_pb2.SourceClaim(source="prod", system=EVENT_SYSTEM_CONSUL)
            said = iter([source_service_pb2.RunSourceRequest(claim=claim)])
            assert list(SourceServiceStub(channel).RunSource(said, timeout=PATIENCE_S))
        assert readiness(server) == 200
        require(tmp_path, url)
        server.process.send_signal(signal.SIGHUP)
        refusal = "the source's name belongs to another system"
        until(lambda: refusal in server.log_path.read_text(), "its recorder is refused")
        until(lambda: readiness(server) == 503, "it is waited for")
        config_of(tmp_path, other=url)
        server.process.send_signal(signal.SIGHUP)
        until(lambda: readiness(server) == 200, "it is not waited for any more")
        assert server.stop() == 0
