"""What is acknowledged survives, and is shown again to the byte."""

from __future__ import annotations

import json
import signal

import pytest

from tests.kit.server import Server, events_after, nomad_line


def test_lines_are_byte_identical_after_kill_and_restart(server: Server) -> None:
    server.publish_nomad([nomad_line(n, text='<&> é "quoted" 1.0e5') for n in range(1, 31)])
    with server.lines("/v1/event/stream?index=5") as lines:
        before = events_after(lines, 27)
    server.kill_all()
    server.start()
    with server.lines("/v1/event/stream?index=5") as lines:
        after = events_after(lines, 27)
    assert after == before
    assert json.loads(after[0])["Index"] == 5


def test_sigterm_ends_with_status_0_and_streams_end_cleanly(server: Server) -> None:
    server.publish_nomad([nomad_line(1)])
    with server.lines("/v1/event/stream?index=1") as lines:
        events_after(lines, 1)
        server.process.send_signal(signal.SIGTERM)
        assert list(lines) in ([], [b"{}"]), "a cut chunk would have raised"
    assert server.stop() == 0


@pytest.mark.embedded
def test_a_second_server_on_the_same_data_is_refused(server: Server) -> None:
    second = Server(server.data, ())
    second.log_path = server.log_path
    with pytest.raises(AssertionError, match="in use by another Tidings"):
        second.start()
    assert second.process.wait() == 1
    second.end()


def test_children_end_when_the_supervisor_is_killed(server: Server, patience_s: float) -> None:
    children = list(server.children().values())
    assert len(children) == 2
    server.process.kill()
    for child in children:
        child.wait(patience_s)


def test_a_killed_service_is_started_again_on_its_port(server: Server, patience_s: float) -> None:
    server.publish_nomad([nomad_line(1)])
    service = server.children()["service"]
    service.kill()
    service.wait(patience_s)
    assert server.publish_nomad([nomad_line(2)])[0]["seq"] == 3
    assert server.children()["service"].pid != service.pid
