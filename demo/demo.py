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
from websockets.sync.client import connect

from tidings.app.demo.hour import drafts
from tidings.v1 import event_service_pb2, event_service_pb2_grpc

PATIENCE_S = 30.0
HOUR = drafts(0)
SYSTEMS = [str(draft.events[0].WhichOneof("body")) for draft in HOUR]
IN_ORDER = [(seq, system) for seq, system in enumerate(SYSTEMS, start=2)]
RESUMED_AFTER = 60


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
                    for record in next(call).batch.records
                )
            call.cancel()
        return found


def show(who: str, what: str) -> None:
    """Print one line of the demo."""
    print(f"{who:>20}  {what[:110]}")


def expect(what: object, wanted: object) -> None:
    """End the demo with status 1 unless the two are equal."""
    if what != wanted:
        sys.exit(f"demo failed: {what!r} is not {wanted!r}")


def fill(demo: Demo) -> str:
    """Publish the recorded hour as people do and return what the command says."""
    command = [sys.executable, "-m", "tidings.app", "demo", "--into", demo.grpc]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    for line in done.stdout.splitlines():
        show("tidings demo", line)
    return done.stdout


def play(demo: Demo) -> None:
    """Show everything."""
    demo.start()
    with connect(f"ws://{demo.http}/api/audit/v1/events/") as stream:
        said = fill(demo)
        expect(said.split(":")[0], f"stored {len(HOUR)} records, seq 2 to {len(HOUR) + 1}")
        frame = str(stream.recv(timeout=PATIENCE_S))
    print("\nEach as its own API spells it:")
    (line,) = demo.stream("/v1/event/stream?index=1&topic=Deployment:web", 1)
    show("nomad", line)
    expect([event["Topic"] for event in json.loads(line)["Events"]], ["Deployment"])
    listed = demo.call("GET", "/v1/event/list?name=deploy")
    show("consul", listed.decode())
    expect(len(json.loads(listed)), fired("deploy"))
    show("docker cloud", frame)
    expect(json.loads(frame)["type"], "node")
    events = demo.call("GET", "/orchestrator/v1/jobs/352/events")
    show("puppet", events.decode())
    expect(json.loads(events)["items"][-1]["type"], "job_finished")
    latest = demo.call("GET", "/v0/cluster/events/latest?selector=all")
    show("feldera", latest.decode())
    expect(json.loads(latest)["all_healthy"], wanted=True)
    print("\nAll in one order, over HTTP and gRPC:")
    lines = list(demo.stream("/v1/events?after_seq=1", len(HOUR)))
    for line in lines[:5]:
        show("native", line)
    expect(
        [int(json.loads(line)["batch"]["records"][0]["seq"]) for line in lines],
        [s for s, _ in IN_ORDER],
    )
    show("sse", next(demo.stream("/v1/events?after_seq=1", 1, "text/event-stream")))
    seen = demo.subscribe(after_seq=1, count=len(HOUR))
    show("grpc", str(seen))
    expect(seen, IN_ORDER)
    print("\nNothing is lost:")
    crash_and_resume(demo)


def fired(name: str) -> int:
    """Return how many Consul events of a name the hour has."""
    return sum(event.consul.name == name for draft in HOUR for event in draft.events)


def crash_and_resume(demo: Demo) -> None:
    """Kill everything, start it again, hand in what was handed in, and read on."""
    demo.kill()
    show("kill -9", "everything")
    demo.start()
    expect(fill(demo), f"{len(HOUR)} records were there already\n")
    demo.call("PUT", "/v1/event/fire/deploy", b"v1.2.4")
    rest = [*IN_ORDER[RESUMED_AFTER - 1 :], (len(HOUR) + 2, "consul")]
    resumed = demo.subscribe(RESUMED_AFTER, len(rest))
    show("grpc, resumed", str(resumed))
    expect(resumed, rest)
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
