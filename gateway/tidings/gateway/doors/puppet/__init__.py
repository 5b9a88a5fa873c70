"""Puppet Orchestrator's spelling: the events of a job."""

from __future__ import annotations

from tidings.gateway.door import Door, House
from tidings.gateway.doors.puppet.door import PuppetDoor

__all__ = ["make"]


def make(house: House) -> Door:
    """Return Puppet Orchestrator's door."""
    return PuppetDoor(house)
