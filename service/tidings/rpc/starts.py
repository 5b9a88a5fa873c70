"""Where a Subscribe starts: one position from each way of asking, and what is known to be lost."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tidings.core.errors import BadRequest, WrongLog
from tidings.dialects.rules import check_duration, check_time
from tidings.log.event_log import EventLog
from tidings.v1 import event_service_pb2

DEFAULT_HEARTBEAT_S = 30.0  # Nomad's own
MIN_HEARTBEAT_S = 0.1
MAX_HEARTBEAT_S = 86400.0  # a day: beyond it nobody waits, and timers keep their precision

_MICROS_PER_SECOND = 1_000_000


class NomadPositions(Protocol):
    """The newest positions of Nomad's records (`tidings.dialects.nomad.NewestPositions`)."""

    def start_after(self, index: int) -> int | None:
        """Return the position after which a stream with this index starts; None = no record."""
        ...


@dataclass(frozen=True, slots=True)
class Start:
    """A stream begins past `after_seq`; losses of a system up to `unmentioned` are no gap.

    It begins with the first record that was stored at `not_before_us` or later.
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
        BadRequest: the time is none.
    """
    if request.log_id and request.log_id != log.log_id:
        raise WrongLog(request.log_id, log.log_id)
    match request.WhichOneof("start"):
        case "after_seq":
            await log.check_position(request.after_seq)
            return Start(request.after_seq)
        case "from_time":
            return await _at_time(request, log)
        case "earliest" if request.earliest:
            trimmed = {system: (await log.bounds(system)).trimmed_through for system in systems}
            return Start(0, trimmed)
        case "nomad_index":
            return Start(await _at_nomad_index(request.nomad_index, log, nomad))
    return Start((await log.bounds()).end_seq)


async def _at_nomad_index(index: int, log: EventLog, nomad: NomadPositions) -> int:
    # another node may have told of it, and what is the newest here would be told again
    await log.catch_up(index)
    after_seq = nomad.start_after(index)
    if after_seq is not None:
        return after_seq
    end_seq = (await log.bounds()).end_seq
    return min(index - 1, end_seq) if index else end_seq


async def _at_time(request: event_service_pb2.SubscribeRequest, log: EventLog) -> Start:
    time = request.from_time
    check_time(time, "from_time")
    # up: a record stored within the same microsecond but before the time must not come
    micros = time.seconds * _MICROS_PER_SECOND + -(-time.nanos // 1000)
    seq = await log.seek(None, micros)
    first_seq = (await log.bounds()).first_seq
    # With no retained record before the time, those that were trimmed may have been stored after
    # it.
    after_seq = 0 if not first_seq or seq <= first_seq else seq - 1
    # What is stored from now on may be earlier than a time that is still to come.
    return Start(after_seq, not_before_us=micros)


def check_heartbeat(request: event_service_pb2.SubscribeRequest) -> float:
    """Return the seconds between heartbeats that were asked for, 30 when nothing was.

    Raises:
        BadRequest: it is no duration, or less than 100 ms.
    """
    if not request.HasField("heartbeat_interval"):
        return DEFAULT_HEARTBEAT_S
    asked = request.heartbeat_interval
    check_duration(asked, "heartbeat_interval")
    heartbeat_s: float = asked.seconds + asked.nanos / 1e9
    if heartbeat_s < MIN_HEARTBEAT_S:
        raise BadRequest("heartbeat_interval", "must be at least 100 ms")
    return min(heartbeat_s, MAX_HEARTBEAT_S)
