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
from typing import Any

import grpc
from websockets.sync.client import connect

from tidings.v1 import event_service_pb2, event_service_pb2_grpc

PATIENCE_S = 30.0
NOMAD = {
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
DOCKER_CLOUD = {
    "type": "service",
    "action": "update",
    "parents": ["/api/app/v1/me/stack/0b0e3538-88df-4f07-9aed-3a3cc4175076/"],
    "resource_uri": "/api/app/v1/me/service/49f0efe8-a704-4a10-b02f-f96344fabadd/",
    "state": "Running",
    "uuid": "093ba3bb-08dd-48f0-8f12-4d3b85ef85b3",
    "datetime": "2016-02-01T16:47:28Z",
}
PUPPET = {
    "type": "node_running",
    "timestamp": "2016-05-05T19:50:08Z",
    "details": {"node": "web-1", "detail": {"noop": False}},
    "message": "Started puppet run on web-1 ...",
}
FELDERA = {
    f"{service}_{what}": text
    for service in ("api", "compiler", "runner")
    for what, text in (("status", "Healthy"), ("self_info", "Healthy"), ("resources_info", ""))
}
IN_ORDER = [(2, "nomad"), (3, "consul"), (4, "docker_cloud"), (5, "puppet"), (6, "feldera")]


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
    print(f"{who:>20}  {what[:110]}")


def expect(what: object, wanted: object) -> None:
    """End the demo with status 1 unless the two are equal."""
    if what != wanted:
        sys.exit(f"demo failed: {what!r} is not {wanted!r}")


def publish(demo: Demo, system: str, event: object, query: str = "") -> dict[str, object]:
    """Publish one event in its system's own spelling and return the answer."""
    body = json.dumps(event).encode()
    answer: dict[str, object] = json.loads(demo.call("POST", f"/v1/publish/{system}{query}", body))
    show(f"publish {system}", json.dumps(answer))
    return answer


def play(demo: Demo) -> None:
    """Show everything."""
    demo.start()
    with connect(f"ws://{demo.http}/api/audit/v1/events/") as stream:
        expect(publish(demo, "nomad", NOMAD, "?source=prod"), {"line": 1, "seq": 2})
        fired = demo.call("PUT", "/v1/event/fire/deploy", b"v1.2.3")
        show("fire", fired.decode())
        expect(publish(demo, "docker-cloud", DOCKER_CLOUD), {"line": 1, "seq": 4})
        expect(publish(demo, "puppet", {"job": "352", **PUPPET}), {"line": 1, "seq": 5})
        expect(publish(demo, "feldera", FELDERA), {"line": 1, "seq": 6})
        frame = str(stream.recv(timeout=PATIENCE_S))
    print("\nEach as its own API spells it:")
    (line,) = demo.stream("/v1/event/stream?index=1&topic=Deployment:web", 1)
    show("nomad", line)
    expect(without_index(json.loads(line)), without_index(NOMAD))
    listed = demo.call("GET", "/v1/event/list?name=deploy")
    show("consul", listed.decode())
    expect(json.loads(listed)[0]["ID"], json.loads(fired)["ID"])
    show("docker cloud", frame)
    expect(json.loads(frame), DOCKER_CLOUD)
    events = demo.call("GET", "/orchestrator/v1/jobs/352/events")
    show("puppet", events.decode())
    expect(json.loads(events)["items"], [{"id": "5", **PUPPET}])
    latest = demo.call("GET", "/v0/cluster/events/latest?selector=all")
    show("feldera", latest.decode())
    expect({**json.loads(latest), **FELDERA}, json.loads(latest))
    print("\nAll in one order, over HTTP and gRPC:")
    for line in demo.stream("/v1/events?after_seq=1", len(IN_ORDER)):
        show("native", line)
    show("sse", next(demo.stream("/v1/events?after_seq=1", 1, "text/event-stream")))
    seen = demo.subscribe(after_seq=1, count=len(IN_ORDER))
    show("grpc", str(seen))
    expect(seen, IN_ORDER)
    print("\nNothing is lost:")
    crash_and_resume(demo)


def crash_and_resume(demo: Demo) -> None:
    """Kill everything, start it again, hand in what was handed in, and read on."""
    demo.kill()
    show("kill -9", "everything")
    demo.start()
    again = publish(demo, "nomad", NOMAD, "?source=prod")
    expect(again, {"line": 1, "seq": 2, "duplicate": True})
    demo.call("PUT", "/v1/event/fire/deploy", b"v1.2.4")
    resumed = demo.subscribe(after_seq=3, count=4)
    show("grpc, resumed", str(resumed))
    expect(resumed, [*IN_ORDER[2:], (7, "consul")])
    expect(demo.stop(), 0)
    show("done", "nothing lost, nothing twice, one order for everybody")


def without_index(line: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a line's events without their Index, which is the log's own."""
    return [{k: v for k, v in event.items() if k != "Index"} for event in line["Events"]]


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
