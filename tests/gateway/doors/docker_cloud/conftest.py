"""A gateway that refuses without a pause."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateway.doors.fake import FakeService, faking
from tidings.v1 import event_service_pb2 as pb


@pytest.fixture
def quick(address: str) -> Iterator[FakeService]:
    """A service that does what the test says; its gateway refuses without a pause."""
    allowed = ("https://console.example",)
    with faking(address, docker_cloud_pause_s=0.0, http_allow_origin=allowed) as service:
        service.messages = [pb.SubscribeResponse(heartbeat=pb.Heartbeat(seq=1))]
        yield service
