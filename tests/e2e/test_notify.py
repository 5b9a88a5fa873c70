"""What systemd is told, by a real `tidings serve` that it might have started."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kit.server import Server
from tests.patience import PATIENCE_S
from tidings.app.notify import notify, watchdog_s


class Manager:
    """The socket of a service manager, and what was said there."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(PATIENCE_S)
        self._socket.bind(address)

    def next(self) -> str:
        return self._socket.recv(4096).decode()

    def is_silent(self, for_s: float) -> bool:
        """Return whether nothing is said for a while, after what was on its way."""
        self._socket.settimeout(for_s)
        try:
            for _ in range(3):
                self._socket.recv(4096)
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(PATIENCE_S)
        return False

    def close(self) -> None:
        self._socket.close()


@contextmanager
def managed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watchdog_us: int | None = None
) -> Iterator[tuple[Manager, Server]]:
    manager = Manager(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    if watchdog_us is not None:
        monkeypatch.setenv("WATCHDOG_USEC", str(watchdog_us))
    server = Server(tmp_path / "data")
    try:
        server.start()
        yield manager, server
    finally:
        server.end()
        manager.close()


def test_systemd_is_told_when_it_is_ready_and_when_it_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with managed(tmp_path, monkeypatch) as (manager, server):
        ready, said = manager.next().split("\n")
        assert ready == "READY=1"
        assert said == f"STATUS=serving http={server.http} grpc={server.grpc}"
        assert server.request("GET", "/readyz")[0] == 200
        for child in server.children().values():
            assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC"} & set(child.environ())
        assert server.stop() == 0
        assert manager.next() == "STOPPING=1"


@pytest.mark.parametrize("half", ["service", "gateway"])
def test_the_watchdog_is_fed_while_both_halves_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, half: str
) -> None:
    within_s = 2.0
    with managed(tmp_path, monkeypatch, int(within_s * 1e6)) as (manager, server):
        assert manager.next().startswith("READY=1")
        assert {manager.next() for _ in range(3)} == {"WATCHDOG=1"}
        server.children()[half].send_signal(signal.SIGSTOP)
        while not manager.is_silent(for_s=2 * within_s):
            pass
        server.children()[half].send_signal(signal.SIGCONT)
        assert manager.next() == "WATCHDOG=1"


def test_a_child_that_is_started_again_is_no_reason_to_end_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with managed(tmp_path, monkeypatch, 2_000_000) as (manager, server):
        assert manager.next().startswith("READY=1")
        old = server.children()["gateway"]
        old.kill()
        while server.request("GET", "/healthz")[0] != 200:
            pass
        assert {manager.next() for _ in range(3)} == {"WATCHDOG=1"}


def test_without_a_manager_nothing_is_said(tmp_path: Path) -> None:
    for place in ("", "relative", str(tmp_path / "nowhere")):
        notify("READY=1", environment={"NOTIFY_SOCKET": place})
    notify("READY=1", environment={})


def test_an_abstract_socket_is_a_place_too() -> None:
    name = f"tidings-test-{os.getpid()}"
    manager = Manager(f"\0{name}")
    notify("A=1", "B=2", environment={"NOTIFY_SOCKET": f"@{name}"})
    assert manager.next() == "A=1\nB=2"
    manager.close()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(os.getpid())}, 1.0),
    ],
)
def test_the_watchdog_is_for_the_process_that_was_started(
    environment: dict[str, str], expected: float | None
) -> None:
    assert watchdog_s(environment) == expected
