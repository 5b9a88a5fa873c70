"""The hour's own clock: seconds since its start, in the time format of each system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from tidings.v1 import event_pb2

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Happening:
    """The event of a draft, and its time: seconds after the start of the hour."""

    at_s: float
    events: tuple[event_pb2.Event, ...]


@dataclass(frozen=True, slots=True)
class Times:
    """An hour that begins at a time, microseconds since 1970."""

    start_us: int

    def us(self, at_s: float) -> int:
        """Return microseconds since 1970."""
        return self.start_us + int(at_s * 1e6)

    def ns(self, at_s: float) -> int:
        """Return nanoseconds since 1970, as Nomad counts."""
        return self.us(at_s) * 1000

    def text(self, at_s: float) -> str:
        """Return RFC 3339 in UTC, as Nomad prints times."""
        at = _EPOCH + timedelta(microseconds=self.us(at_s))
        return at.isoformat().replace("+00:00", "Z")

    def stamp(self, at_s: float) -> Timestamp:
        """Return the contract's time."""
        seconds, micros = divmod(self.us(at_s), 1_000_000)
        return Timestamp(seconds=seconds, nanos=micros * 1000)

    def whole(self, at_s: float) -> Timestamp:
        """Return the contract's time in whole seconds, as Docker Cloud and Puppet count."""
        return Timestamp(seconds=self.us(at_s) // 1_000_000)
