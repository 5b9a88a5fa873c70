"""One Tidings records another through its Nomad, Consul, Puppet and Feldera doors, and over gRPC.

What both tell is equal, but for positions and what is made of them: Nomad's indexes, Consul's IDs
and LTime, Puppet's ids.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import grpc

from tests.e2e.test_sources import recorders
from tests.kit.server import Server, serving
from tests.patience import PATIENCE_S, until

JOBS = ("352", "353")
SERVICES = ("api", "compiler", "runner")
LONG_S = 3 * PATIENCE_S  # four processes start, and one looks each 10 s
DERIVED = frozenset({"ID", "LTime", "id", "upstreamIndex"})


def by_doors(folder: Path, upstream: Server) -> Path:
    """Write a configuration file with a source for each door, and one for gRPC."""
    path = folder / "tidings.toml"
    http = f"http://{upstream.http}"
    path.write_text(
        "\n".join(
            f"[sources.{system}]\nsystem = '{system}'\nurl = '{url}'\n{more}\n"
            for system, url, more in (
                ("nomad", http, ""),
                ("consul", http, ""),
                ("puppet", http, f"jobs = {list(JOBS)}"),
                ("feldera", http, ""),
                ("tidings", f"http://{upstream.grpc}", "systems = ['cloud_event']"),
            )
        )
    )
    return path


def happen(upstream: Server, number: int) -> None:
    """Let something happen in all five systems, some of it twice with equal content."""
    object_text = b'{"Job":{"ID":"w\xc3\xa9b","Priority":50.50,"New":[1,{}]},"NewToo":null}'
    text = b'{"Topic":"Job","Type":"JobRegistered","Key":"web","Namespace":"eu","Payload":%s}'
    line = text % object_text
    upstream.publish_nomad([b'{"Index":%d,"Events":[%s,%s]}' % (number, line, line)])
    for payload in (b"same", b"same", b"%d" % number, b""):
        status, _, body = upstream.request("PUT", "/v1/event/fire/deploy?node=web.*", payload)
        assert status == 200, body
    time = f"2020-11-29T10:00:{number:02}Z"
    for job in JOBS:
        detail = {"noop": False, "hash": str(number), "new-in-a-later-version": [1, 2.50]}
        item = {
            "job": job, "id": str(1000 + number), "type": "node_running", "timestamp": time,
            "details": {"node": "web", "detail": detail}, "message": "Started … ",
        }  # fmt: skip
        publish(upstream, "puppet", item)
    cloud = {"specversion": "1.0", "id": str(number), "type": "paid", "source": "/shop"}
    publish(upstream, "cloudevents", cloud)
    event = {
        f"{service}_{what}": f"{word} {number}" if what == "self_info" else word
        for service in SERVICES
        for what, word in (("status", "Healthy"), ("self_info", "s"), ("resources_info", ""))
    }
    for _ in range(2):
        publish(upstream, "feldera", event)


def publish(upstream: Server, system: str, line: dict[str, Any]) -> None:
    status, _, body = upstream.request("POST", f"/v1/publish/{system}", json.dumps(line).encode())
    assert (status, b"error" in body) == (200, False), body


def told(server: Server) -> dict[str, list[Any]]:
    """Return what the doors tell, without what is made of positions."""
    found = {"consul": get(server, "/v1/event/list"), "nomad": [], "cloudEvent": []}
    path = "/v1/events?system=nomad&system=cloud_event&after_seq=1&follow=false"
    _, _, lines = server.request("GET", path)
    for line in lines.splitlines():
        for record in json.loads(line).get("batch", {}).get("records", ()):
            for event in record["events"]:
                system = "nomad" if "nomad" in event else "cloudEvent"
                found[system].append(event[system])
    for job in JOBS:
        found[job] = get(server, f"/orchestrator/v1/jobs/{job}/events").get("items", [])
    found["feldera"] = [
        get(server, f"/v0/cluster/events/{each['id']}?selector=all")
        for each in get(server, "/v0/cluster/events")
    ]
    return {
        system: [
            {name: value for name, value in each.items() if name not in DERIVED}
            if system != "feldera"
            else each
            for each in listed
        ]
        for system, listed in found.items()
    }


def get(server: Server, path: str) -> Any:
    _, _, body = server.request("GET", path)
    return json.loads(body)


def is_equal(server: Server, upstream: Server) -> bool:
    try:
        return told(server) == told(upstream)
    except (OSError, grpc.RpcError):
        return False


def counted(rounds: int) -> dict[str, int]:
    """Return how many events of each system there are after so many times of `happen`."""
    times = {"nomad": 2, "cloudEvent": 1, "consul": 4, "feldera": 2, **dict.fromkeys(JOBS, 1)}
    return {system: count * rounds for system, count in times.items()}


def test_what_the_doors_tell_is_recorded_equal(tmp_path: Path) -> None:
    with serving(tmp_path / "upstream") as upstream:
        happen(upstream, 1)
        config = by_doors(tmp_path, upstream)
        with serving(tmp_path / "data", f"--config={config}") as server:
            until(lambda: is_equal(server, upstream), "what there was is recorded", LONG_S)
            for each in recorders(server):
                os.kill(each.pid, signal.SIGKILL)
            happen(upstream, 2)
            until(lambda: is_equal(server, upstream), "new processes go on", LONG_S)
            assert {name: len(listed) for name, listed in told(server).items()} == counted(2)
            assert server.stop() == 0
