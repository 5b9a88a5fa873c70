"""Puppet Orchestrator's spelling: the events of a job."""

from tidings.gateway.doors.puppet.door import PuppetDoor as Door
from tidings.gateway.doors.puppet.lines import SPELLING

__all__ = ["SPELLING", "Door"]
