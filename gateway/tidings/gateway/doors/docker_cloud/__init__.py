"""Docker Cloud's spelling: the websocket of audit events."""

from __future__ import annotations

from tidings.gateway.door import Door, House
from tidings.gateway.doors.docker_cloud.door import DockerCloudDoor

__all__ = ["make"]


def make(house: House) -> Door:
    """Return Docker Cloud's door."""
    return DockerCloudDoor(house)
