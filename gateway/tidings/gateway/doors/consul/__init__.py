"""Consul's spelling: user events."""

from tidings.gateway.doors.consul.door import ConsulDoor as Door
from tidings.gateway.doors.consul.lines import SPELLING

__all__ = ["SPELLING", "Door"]
