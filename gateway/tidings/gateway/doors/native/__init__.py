"""Tidings' own spelling: proto3 JSON."""

from tidings.gateway.doors.native.door import NativeDoor as Door

__all__ = ["Door"]
