"""Nomad's spelling: the event stream."""

from tidings.gateway.doors.nomad.door import NomadDoor as Door
from tidings.gateway.doors.nomad.lines import SPELLING

__all__ = ["SPELLING", "Door"]
