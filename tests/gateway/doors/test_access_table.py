"""The table of docs/access.md in all spellings: every row over HTTP, with every kind of token."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.access import table
from tests.gateway.doors.docker_cloud.stream import HANDSHAKE
from tests.gateway.doors.native.test_access import BODIES
from tests.kit.http import Http, gateway
from tests.rpc.serving import Deployment, serving
from tidings.v1.systems import SYSTEMS

_PUBLISH_NAMES = {system: f"/{system.replace('_', '-')}" for system in SYSTEMS} | {
    "cloud_event": "/cloudevents"
}

# What was allowed may still fail: there is no such job.
ALLOWED = {
    "Nomad": {200},
    "Consul": {200},
    "Docker Cloud": {101},
    "Puppet": {200, 404},
    "Feldera": {200},
    "CloudEvents": {200},
    "gRPC": {200},
}
# Without a credential and without the right.
DENIED = {
    "Nomad": {403},
    "Consul": {403},
    "Docker Cloud": {401},
    "Puppet": {401, 403},
    "Feldera": {401, 403},
    "CloudEvents": {401, 403},
    "gRPC": {401, 403},
}
NAMES = ("web-deploy", "web-other", "db-backup", "other")


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Http]:
    """A gateway over a service with the page's policies, and an event of each name."""
    address = f"unix:{tmp_path_factory.mktemp('table') / 'socket'}"
    made = Deployment(policy_file="")
    with serving(address, made) as served, gateway(served.server, address) as running:
        served.server.call(lambda: made.access.set_file(table.policy_file(root)))
        header = f"X-Consul-Token: {table.secret('management')}"
        for name in NAMES:
            assert running.ask("PUT", f"/v1/event/fire/{name}", header).status == 200
        yield running


def request_of(row: table.Row, target: str, kind: str) -> tuple[str, str, tuple[str, ...], bytes]:
    """Return a row as a request: method, target, headers, body."""
    secret = table.secret(kind)
    bearer = f"Authorization: Bearer {secret}"
    method, path, header, body = "GET", "", bearer, b""
    more: tuple[str, ...] = ()
    match row.api, row.verb:
        case "Nomad", _:
            path = f"/v1/event/stream?topic={target}&namespace={row.namespace}"
            header = f"X-Nomad-Token: {secret}"
        case "Consul", "list":
            path, header = f"/v1/event/list?name={target}", f"X-Consul-Token: {secret}"
        case "Consul", _:
            method, path = "PUT", f"/v1/event/fire/{target}?token={secret}"
            header = "X-Nothing: 1"
            path = path if kind != "anonymous" else f"/v1/event/fire/{target}"
        case "Docker Cloud", _:
            name = "m" if kind == "management" else kind
            basic = base64.b64encode(f"{name}:{secret}".encode()).decode()
            path, header = f"/api/audit/v1/{row.namespace}/events/", f"Authorization: Basic {basic}"
            more = HANDSHAKE
        case "Puppet", _:
            path, header = "/orchestrator/v1/jobs/1/events", f"X-Authentication: {secret}"
        case "Feldera", _:
            path, header = "/v0/cluster/events", f"Authorization: Bearer apikey:{secret}"
        case "CloudEvents", _:
            path = f"/v1/events?selection.cloud_event.sources={target}"
            more = ("Accept: application/cloudevents+json",)
        case _:
            path = next(path for path in BODIES if path.endswith(_PUBLISH_NAMES[target]))
            method, body = "POST", BODIES[path]
    return method, path, (*(() if kind == "anonymous" else (header,)), *more), body


def is_allowed(http: Http, row: table.Row, target: str, kind: str) -> bool:
    method, path, headers, body = request_of(row, target, kind)
    with http.open(path, *headers, method=method, body=body) as connection:
        answer = connection.head()
        assert answer.status in ALLOWED[row.api] | DENIED[row.api]
        if (row.api, row.verb) == ("Consul", "list"):
            # never refused: what may not be read is not there
            return bool(json.loads(connection.read(int(answer.headers["content-length"]))))
    return answer.status in ALLOWED[row.api]


@pytest.mark.parametrize("kind", table.KINDS)
def test_every_spelling_does_what_the_table_says(http: Http, root: Path, kind: str) -> None:
    rights = table.rights(root)[kind]
    for row in table.ROWS:
        if row.verb in {"manage", "back up"}:
            continue  # neither AccessService nor BackupLog has a path
        for target in row.targets:
            decided = table.decide(row, target, rights)
            assert (row, target, is_allowed(http, row, target, kind)) == (row, target, decided)
