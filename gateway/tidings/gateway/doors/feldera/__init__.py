"""Feldera's spelling: cluster events, and related paths that its clients use."""

from tidings.gateway.doors.feldera.door import FelderaDoor as Door
from tidings.gateway.doors.feldera.lines import SPELLING

__all__ = ["SPELLING", "Door"]
