"""Tidings' own spelling: proto3 JSON."""

from __future__ import annotations

from tidings.gateway.door import Door, House
from tidings.gateway.doors.native.door import NativeDoor

__all__ = ["make"]


def make(house: House) -> Door:
    """Return the native door."""
    return NativeDoor(house)
