"""Who published through the gateway: the door and the client's address, kept with the record."""

from __future__ import annotations

import json

import pytest

from tests.gateway.doors.native.test_access import BODIES
from tests.kit.http import Http

WAYS = {
    "/v1/publish/nomad": "nomad",
    "/v1/publish/consul": "consul",
    "/v1/publish/docker-cloud": "docker_cloud",
    "/v1/publish/puppet": "puppet",
    "/v1/publish/feldera": "feldera",
    "/v1/events": "native",
    "/v1/publish/cloudevents": "cloud_event",
}


@pytest.mark.parametrize("path", [*WAYS, "/v1/event/fire/deploy"])
def test_door_and_address_are_kept(http: Http, path: str) -> None:
    method, body = ("POST", BODIES[path]) if path in WAYS else ("PUT", b"")
    forged = "Grpc-Metadata-Tidings-Door: forged", "Grpc-Metadata-Tidings-Peer: 192.0.2.7"
    assert http.ask(method, path, *forged, body=body).status == 200
    (record,) = json.loads(http.ask("GET", "/v1/records").body)["records"]
    assert record["publisher"] == {"peer": "127.0.0.1", "door": WAYS.get(path, "consul")}
