"""Where a Subscribe starts: one position from each kind of start, and what is known to be lost."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from google.protobuf.timestamp_pb2 import Timestamp

from tidings.core.errors import BadRequest, WrongLog
from tidings.dialects.rules import check_duration, check_time
from tidings.log.event_log import EventLog
from tidings.v1 import event_service_pb2

DEFAULT_HEARTBEAT_S = 30.0  # Nomad's own
MIN_HEARTBEAT_S = 0.1
MAX_HEARTBEAT_S = 86400.0  # a day: longer is not useful, and timers keep their precision

_MICROS_PER_SECOND = 1_000_000


class NomadPositions(Protocol):
    """The newest positions of Nomad's records (`tidings.dialects.nomad.NewestPositions`)."""

    def start_after(self, index: int) -> int | None:
        """Return the position after which a stream with this index starts; None = no record."""
        ...


@dataclass(frozen=True, slots=True)
class Start:
    """A stream begins after `after_seq`; losses of a system up to `unmentioned` are not reported.

    Records that were stored before `not_before_us` are left out.
    """

    after_seq: int
    unmentioned: Mapping[str, int] = field(default_factory=dict)
    not_before_us: int = 0


async def find_start(
    request: event_service_pb2.SubscribeRequest,
    systems: Collection[str],
    log: EventLog,
    nomad: NomadPositions,
) -> Start:
    """Return where the stream starts.

    Raises:
        WrongLog: the caller's position belongs to another log.
        PositionAhead: it lies past the end of the store.
        BadRequest: the time is not valid.
    """
    if request.log_id and request.log_id != log.log_id:
        raise WrongLog(request.log_id, log.log_id)
    match request.WhichOneof("start"):
        case "after_seq":
            await log.check_position(request.after_seq)
            return Start(request.after_seq)
        case "from_time":
            return await _at_time(request, log)
        case "position" if request.position == event_service_pb2.START_POSITION_EARLIEST:
            trimmed = {system: (await log.bounds(system)).trimmed_through for system in systems}
            return Start(0, trimmed)
        case "nomad_index":
            return Start(await _at_nomad_index(request.nomad_index, log, nomad))
    return Start((await log.bounds()).end_seq)


async def _at_nomad_index(index: int, log: EventLog, nomad: NomadPositions) -> int:
    # another node may have returned it, and this node's newest record would be sent again
    await log.catch_up(index)
    after_seq = nomad.start_after(index)
    if after_seq is not None:
        return after_seq
    end_seq = (await log.bounds()).end_seq
    return min(index - 1, end_seq) if index else end_seq


async def _at_time(request: event_service_pb2.SubscribeRequest, log: EventLog) -> Start:
    micros = micros_of(request.from_time, "from_time")
    # What is stored from now on may be earlier than a time that is still to come.
    return Start(await position_before(micros, log), not_before_us=micros)


def micros_of(time: Timestamp, path: str) -> int:
    """Return a time in microseconds since 1970, rounded up.

    A record that was stored within the same microsecond but before the time is before it.

    Raises:
        BadRequest: it is not a time.
    """
    check_time(time, path)
    return int(time.seconds * _MICROS_PER_SECOND + -(-time.nanos // 1000))


async def position_before(at_us: int, log: EventLog) -> int:
    """Return the position after which everything lies that was stored at or after a time.

    With no retained record before the time it is 0: those that were trimmed may have been stored
    after it.
    """
    seq = await log.seek(None, at_us)
    first_seq = (await log.bounds()).first_seq
    return 0 if not first_seq or seq <= first_seq else seq - 1


def check_heartbeat(request: event_service_pb2.SubscribeRequest) -> float:
    """Return the requested seconds between heartbeats, 30 by default.

    Raises:
        BadRequest: it is not a duration, or less than 100 ms.
    """
    if not request.HasField("heartbeat_interval"):
        return DEFAULT_HEARTBEAT_S
    asked = request.heartbeat_interval
    check_duration(asked, "heartbeat_interval")
    heartbeat_s: float = asked.seconds + asked.nanos / 1e9
    if heartbeat_s < MIN_HEARTBEAT_S:
        raise BadRequest("heartbeat_interval", "must be at least 100 ms")
    return min(heartbeat_s, MAX_HEARTBEAT_S)
