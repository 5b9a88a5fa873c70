"""A real `tidings serve` in processes of its own, and small clients for its doors."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import IO, Any

import grpc
import psutil

from tests.nats.shared import ON_NATS, shared_server, store_flags_of
from tests.patience import PATIENCE_S, until
from tidings.v1 import event_service_pb2_grpc


def store_flags() -> list[str]:
    """Return where a new server's log is to live: in its data directory, or in a new stream."""
    return store_flags_of([shared_server()], f"log-{token_hex(6)}") if ON_NATS else []


# asyncio's debug mode, which the tests have on, warns on stderr of steps that were slow
AS_A_USER = {name: value for name, value in os.environ.items() if name != "PYTHONASYNCIODEBUG"}
"""Of a command whose words on stderr are compared."""


def tidings(*words: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with these environment variables."""
    return subprocess.run(
        [sys.executable, "-m", "tidings.app", *words],
        env={**AS_A_USER, **variables},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


@dataclass
class Server:
    """One `tidings serve` on a data directory, which may be killed and started again."""

    data: Path
    flags: Sequence[str] = ()
    http: str = "127.0.0.1:0"
    grpc: str = "127.0.0.1:0"
    store: Sequence[str] = field(default_factory=store_flags)
    python: Path = Path(sys.executable)
    index: bool = False
    process: subprocess.Popen[str] = field(init=False)
    log_path: Path = field(init=False)

    def start(self) -> Server:
        """Start it and wait for its one line; ports that were any are kept for the next start.

        Between two starts a connection of another test may have been given such a port: then it is
        tried again until that one is over.
        """
        words = until(self._started, "started").split()
        assert words[0] == "ready", self.log_path.read_text()
        self.http = words[1].removeprefix("http=")
        self.grpc = words[2].removeprefix("grpc=")
        return self

    def _started(self) -> str | None:
        """Start it once and return its one line; None = a port that it had before is taken."""
        self._close_output()
        self.log_path = self.data.with_name(self.data.name + ".log")
        with self.log_path.open("a") as log:
            said_before = log.tell()
            self.process = subprocess.Popen(
                [
                    *(str(self.python), "-m", "tidings.app", "serve", f"--data={self.data}"),
                    *(
                        f"--http={self.http}",
                        f"--grpc={self.grpc}",
                        f"--index={self.index}".lower(),
                    ),
                    *(*self.store, *self.flags),
                ],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        line = self._ready_line()
        if not line:
            said = self.log_path.read_text()[said_before:]
            assert "cannot listen on" in said, f"serve ended or said nothing:\n{said}"
            self.process.wait(PATIENCE_S)
            return None
        return line

    def _ready_line(self) -> str:
        assert self.process.stdout is not None
        stuck = threading.Timer(PATIENCE_S, self.process.kill)
        stuck.start()
        try:
            line = self.process.stdout.readline()
        finally:
            stuck.cancel()
        return line

    @property
    def host_and_port(self) -> tuple[str, str]:
        """Where HTTP is served, as programs take it."""
        host, _, port = self.http.rpartition(":")
        return host, port

    def children(self) -> dict[str, psutil.Process]:
        """Return the living children by name: "service" and "gateway"."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess, IndexError):
                found[child.cmdline()[3]] = child
        return found

    def processes(self) -> list[psutil.Process]:
        """Return the supervisor and its children."""
        top = psutil.Process(self.process.pid)
        return [top, *top.children(recursive=True)]

    def kill_all(self) -> None:
        """kill -9 of the whole process group, at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_S)

    def stop(self) -> int:
        """SIGTERM, and return the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def lose_data(self) -> None:
        """Delete its data directory, at once: it may write another file meanwhile."""
        away = self.data.rename(self.data.with_name(f"{self.data.name}.gone"))
        shutil.rmtree(away)

    def end(self) -> None:
        """Leave nothing behind, whatever the test did."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_S)
        self._close_output()

    def _close_output(self) -> None:
        process: subprocess.Popen[str] | None = getattr(self, "process", None)
        if process is not None and process.stdout is not None:
            process.stdout.close()

    @contextlib.contextmanager
    def stub(self) -> Iterator[event_service_pb2_grpc.EventServiceStub]:
        """Lend a synchronous gRPC stub."""
        with grpc.insecure_channel(self.grpc) as channel:
            yield event_service_pb2_grpc.EventServiceStub(channel)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Make one HTTP request and return status, headers in lower case, and body."""
        connection = http.client.HTTPConnection(self.http, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read()

    @contextlib.contextmanager
    def lines(self, path: str, tls: ssl.SSLContext | None = None) -> Iterator[Iterator[bytes]]:
        """Open a stream and lend its lines, without their newlines."""
        connection = (
            http.client.HTTPConnection(self.http, timeout=PATIENCE_S)
            if tls is None
            else http.client.HTTPSConnection(self.http, timeout=PATIENCE_S, context=tls)
        )
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            yield _lines_of(answer)

    def publish_nomad(self, lines: Sequence[bytes], query: str = "") -> list[dict[str, Any]]:
        """Publish lines through the door and return its answers."""
        status, _, body = self.request("POST", f"/v1/publish/nomad{query}", b"\n".join(lines))
        assert status == 200, body
        return [json.loads(line) for line in body.splitlines()]


def _lines_of(answer: IO[bytes] | http.client.HTTPResponse) -> Iterator[bytes]:
    while line := answer.readline():
        yield line.rstrip(b"\n")


def indexed_through(server: Server, secret: str = "") -> int:
    """Return how far the index has come once that is the log's end."""
    headers = {"authorization": f"Bearer {secret}"} if secret else {}

    def reached() -> int | None:
        answer, _, body = server.request("GET", "/v1/log/status", headers=headers)
        assert answer == 200, body
        status = json.loads(body)
        through_seq = int(status.get("index", {}).get("throughSeq", 0))
        return through_seq if through_seq == int(status["headSeq"]) else None

    return until(reached, "the index is at the end", 3 * PATIENCE_S)


@contextlib.contextmanager
def serving(data: Path, *flags: str) -> Iterator[Server]:
    """Lend a server that runs, and leave nothing of it behind."""
    server = Server(data, flags)
    try:
        yield server.start()
    finally:
        server.end()


def nomad_line(
    number: int, *, topic: str = "Job", namespace: str = "default", text: str = ""
) -> bytes:
    """Return one line as Nomad's event stream writes it, with an index and key of its own."""
    event = {
        "Topic": topic,
        "Type": f"{topic}Registered",
        "Key": f"key-{number}",
        "Namespace": namespace,
        "FilterKeys": None,
        "Index": number,
        "Payload": {topic: {"ID": f"key-{number}", "Name": text}},
    }
    return json.dumps({"Index": number, "Events": [event]}, separators=(",", ":")).encode()


def events_after(lines: Iterator[bytes], count: int) -> list[bytes]:
    """Return the next `count` lines that are no heartbeats."""
    found: list[bytes] = []
    while len(found) < count:
        line = next(lines)
        if line != b"{}":
            found.append(line)
    return found
