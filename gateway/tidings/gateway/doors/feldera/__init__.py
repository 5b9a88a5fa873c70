"""Feldera's spelling: cluster events, and the companions that its clients ask for."""

from __future__ import annotations

from tidings.gateway.door import Door, House
from tidings.gateway.doors.feldera.door import FelderaDoor

__all__ = ["make"]


def make(house: House) -> Door:
    """Return Feldera's door."""
    return FelderaDoor(house)
