"""Docker Cloud's spelling: the websocket of audit events."""

from tidings.gateway.doors.docker_cloud.door import DockerCloudDoor as Door
from tidings.gateway.doors.docker_cloud.frames import SPELLING

__all__ = ["SPELLING", "Door"]
