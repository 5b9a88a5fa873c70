"""Every path that the systems document, and our own, has an HTTP rule in the contract."""

from __future__ import annotations

import pytest

from tidings.gateway.contract import ROUTES
from tidings.gateway.transcode.routes import routes_at

PATHS = [
    ("GET", b"/v1/event/stream", "Subscribe"),
    ("GET", b"/api/audit/v1/events", "Subscribe"),
    ("GET", b"/api/audit/v1/me/events", "Subscribe"),
    ("GET", b"/v1/events", "Subscribe"),
    ("POST", b"/v1/events", "Publish"),
    ("GET", b"/v1/records", "ReadRecords"),
    ("GET", b"/v1/records:count", "CountRecords"),
    ("GET", b"/v1/records/7", "GetRecord"),
    ("GET", b"/v1/objects", "ListObjects"),
    ("GET", b"/v1/objects/nomad/job/a/b/history", "GetObjectHistory"),
    ("GET", b"/v1/log/status", "GetLogStatus"),
    ("PUT", b"/v1/event/fire/my-event", "Fire"),
    ("PUT", b"/v1/event/fire/a/b", "Fire"),
    ("GET", b"/v1/event/list", "List"),
    ("GET", b"/orchestrator/v1/jobs/352/events", "GetJobEvents"),
    ("GET", b"/v0/cluster/events/latest", "GetClusterEvent"),
    ("GET", b"/v0/cluster/events", "ListClusterEvents"),
]


@pytest.mark.parametrize(("method", "path", "rpc"), PATHS)
def test_a_documented_path_belongs_to_its_rpc(method: str, path: bytes, rpc: str) -> None:
    route, _ = routes_at(ROUTES, path)[method]
    assert route.rpc.name == rpc
