"""Nomad's spelling: the event stream."""

from __future__ import annotations

from tidings.gateway.door import Door, House
from tidings.gateway.doors.nomad.door import NomadDoor

__all__ = ["make"]


def make(house: House) -> Door:
    """Return Nomad's door."""
    return NomadDoor(house)
