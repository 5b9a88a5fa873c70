"""Every path that the systems document, and our own, has an HTTP rule in the contract."""

from __future__ import annotations

import pytest

from tidings.gateway.transcode.match import Match
from tidings.gateway.transcode.routes import routes_of, table_of
from tidings.v1 import event_service_pb2

PATHS = [
    ("GET", b"/v1/event/stream", "Subscribe"),
    ("GET", b"/api/audit/v1/events", "Subscribe"),
    ("GET", b"/api/audit/v1/me/events", "Subscribe"),
    ("GET", b"/v1/events", "Subscribe"),
    ("POST", b"/v1/events", "Publish"),
    ("PUT", b"/v1/event/fire/my-event", "Fire"),
    ("PUT", b"/v1/event/fire/a/b", "Fire"),
    ("GET", b"/v1/event/list", "List"),
    ("GET", b"/orchestrator/v1/jobs/352/events", "GetJobEvents"),
    ("GET", b"/v0/cluster/events/latest", "GetClusterEvent"),
    ("GET", b"/v0/cluster/events", "ListClusterEvents"),
]


@pytest.mark.parametrize(("method", "path", "rpc"), PATHS)
def test_a_documented_path_belongs_to_its_rpc(method: str, path: bytes, rpc: str) -> None:
    service = event_service_pb2.DESCRIPTOR.services_by_name["EventService"]
    found = table_of(routes_of([service])).match(method, path)
    assert isinstance(found, Match)
    assert found.target.rpc.name == rpc
