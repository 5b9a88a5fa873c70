"""Consul's spelling: user events."""

from __future__ import annotations

from tidings.gateway.door import Door, House
from tidings.gateway.doors.consul.door import ConsulDoor

__all__ = ["make"]


def make(house: House) -> Door:
    """Return Consul's door."""
    return ConsulDoor(house)
