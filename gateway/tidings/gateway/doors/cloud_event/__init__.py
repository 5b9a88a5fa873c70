"""CloudEvents' spelling: events of teams and tools that have no API of their own here."""

from tidings.gateway.doors.cloud_event.door import CloudEventDoor as Door
from tidings.gateway.doors.cloud_event.lines import SPELLING

__all__ = ["SPELLING", "Door"]
