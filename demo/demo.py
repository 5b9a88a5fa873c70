"""The product in ten seconds: publish, watch in every way, kill, start again, resume, nothing lost.

Run by `make demo`. Starts a server of its own on free ports with a scratch directory; exits with 0
only if every line came as expected.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc

from tidings.v1 import event_service_pb2, event_service_pb2_grpc

PATIENCE_S = 30.0
NOMAD_LINE = {
    "Index": 41,
    "Events": [
        {
            "Topic": "Deployment",
            "Type": "DeploymentStatusUpdate",
            "Key": "5f1c9a2e",
            "Namespace": "default",
            "FilterKeys": ["web"],
            "Index": 41,
            "Payload": {"Deployment": {"ID": "5f1c9a2e", "JobID": "web", "Status": "successful"}},
        }
    ],
}


class Demo:
    """One server and what is shown of it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.http = self.grpc = "127.0.0.1:0"

    def start(self) -> None:
        """Start `tidings serve`; the second time on the same ports."""
        command = [sys.executable, "-m", "tidings.app", "serve", f"--data={self.data}"]
        command += [f"--http={self.http}", f"--grpc={self.grpc}", "--log-level=error"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        show("serve", line.strip())
        self.http, self.grpc = (word.partition("=")[2] for word in line.split()[1:])

    def kill(self) -> None:
        """End everything at once, with kill -9."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_S)

    def stop(self) -> int:
        """End it in order and return its status."""
        self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Make one HTTP request and return the body of its answer."""
        connection = http.client.HTTPConnection(self.http, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request(method, path, body)
            return connection.getresponse().read()

    def stream(self, path: str, count: int, accept: str = "*/*") -> Iterator[str]:
        """Yield the next `count` lines of a stream that are no heartbeats."""
        connection = http.client.HTTPConnection(self.http, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Accept": accept})
            answer = connection.getresponse()
            while count:
                line = answer.readline().decode().strip()
                if line and line != "{}" and "heartbeat" not in line:
                    count -= 1
                    yield line

    def subscribe(self, after_seq: int, count: int) -> list[tuple[int, str]]:
        """Return (seq, system) of the next records over gRPC."""
        found: list[tuple[int, str]] = []
        with grpc.insecure_channel(self.grpc) as channel:
            stub = event_service_pb2_grpc.EventServiceStub(channel)
            call = stub.Subscribe(
                event_service_pb2.SubscribeRequest(after_seq=after_seq), timeout=PATIENCE_S
            )
            while len(found) < count:
                found.extend(
                    (record.seq, str(record.events[0].WhichOneof("body")))
                    for record in next(call).records
                )
            call.cancel()
        return found


def show(who: str, what: str) -> None:
    """Print one line of the demo."""
    print(f"{who:>14}  {what[:110]}")


def expect(what: object, wanted: object) -> None:
    """End the demo with status 1 unless the two are equal."""
    if what != wanted:
        sys.exit(f"demo failed: {what!r} is not {wanted!r}")


def play(demo: Demo) -> None:
    """Show everything."""
    demo.start()
    answer = demo.call("POST", "/v1/publish/nomad?source=prod", json.dumps(NOMAD_LINE).encode())
    show("publish nomad", answer.decode().strip())
    expect(json.loads(answer), {"line": 1, "seq": 2})
    fired = demo.call("PUT", "/v1/event/fire/deploy", b"v1.2.3")
    show("consul fire", fired.decode())

    (line,) = demo.stream("/v1/event/stream?index=1&topic=Deployment:web", 1)
    show("nomad stream", line)
    expect(json.loads(line)["Events"][0]["Payload"], NOMAD_LINE["Events"][0]["Payload"])  # type: ignore[index]
    listed = demo.call("GET", "/v1/event/list?name=deploy")
    show("consul list", listed.decode())
    expect(json.loads(listed)[0]["ID"], json.loads(fired)["ID"])
    for line in demo.stream("/v1/events?after_seq=1", 2):
        show("native", line)
    first = next(demo.stream("/v1/events?after_seq=1", 1, "text/event-stream"))
    show("sse", first)
    seen = demo.subscribe(after_seq=1, count=2)
    show("grpc", str(seen))
    expect(seen, [(2, "nomad"), (3, "consul")])

    demo.kill()
    show("kill -9", "everything")
    demo.start()
    again = demo.call("POST", "/v1/publish/nomad?source=prod", json.dumps(NOMAD_LINE).encode())
    show("publish nomad", again.decode().strip() + "  (the same line again)")
    expect(json.loads(again), {"line": 1, "seq": 2, "duplicate": True})
    demo.call("PUT", "/v1/event/fire/deploy", b"v1.2.4")
    resumed = demo.subscribe(after_seq=2, count=2)
    show("grpc resumed", str(resumed))
    expect(resumed, [(3, "consul"), (4, "consul")])
    expect(demo.stop(), 0)
    show("done", "nothing lost, nothing twice, one order for everybody")


def main() -> None:
    """Run the demo and leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="tidings-demo-") as folder:
        demo = Demo(Path(folder) / "data")
        try:
            play(demo)
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(demo.process.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
