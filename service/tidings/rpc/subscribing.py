"""Subscribe: checks the request, and makes its stream."""

from __future__ import annotations

from collections.abc import Mapping

from tidings.access.guards import guarded
from tidings.access.rights import MANAGEMENT, Rights
from tidings.core.clock import Clock
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import check_enums
from tidings.log.event_log import EventLog
from tidings.log.follower import Follower
from tidings.rpc.budget import Budget, Room, caller_of
from tidings.rpc.delivery_traces import DeliveryTraces
from tidings.rpc.filters.sieve import sieve_of
from tidings.rpc.metrics import Metrics
from tidings.rpc.reader_options import ReaderOptions
from tidings.rpc.selecting import wanted_by
from tidings.rpc.starts import NomadPositions, check_heartbeat, find_start
from tidings.rpc.subscription import Subscription
from tidings.rpc.wire import RecordsWire, as_json_of
from tidings.v1 import event_service_pb2


class Subscriptions:
    """Serves Subscribe. Shared by all calls; a call's own state is a `Subscription`."""

    def __init__(
        self,
        log: EventLog,
        dialects: Mapping[str, Dialect],
        nomad: NomadPositions,
        clock: Clock,
        wire: RecordsWire,
        metrics: Metrics,
        budget: Budget | None = None,
        traces: DeliveryTraces | None = None,
    ) -> None:
        self._budget = budget or Budget()
        self._traces = traces
        self._log = log
        self._dialects = dialects
        self._nomad = nomad
        self._clock = clock
        self._wire = wire
        self._metrics = metrics

    async def check(
        self,
        request: event_service_pb2.SubscribeRequest,
        rights: Rights = MANAGEMENT,
        *,
        peer: str = "unix:",
        ends_at_us: int | None = None,
    ) -> Subscription:
        """Return the stream of a request after all checks.

        Records stored at `ends_at_us` or later are not for this reader: its credential expires.

        Raises:
            BadRequest, WrongLog, PositionAhead: it cannot be served.
        """
        check_enums(request)
        heartbeat_s = check_heartbeat(request)
        selection = wanted_by(request, self._dialects)
        sieve = sieve_of(request.filter, self._dialects, self._clock, self._log.log_id)
        allowed = guarded(selection, rights)
        start = await find_start(request, allowed.systems, self._log, self._nomad)

        def follow(rights: Rights, after_seq: int) -> Follower:
            return self._log.follow(guarded(selection, rights), after_seq)

        return Subscription(
            self._log.follow(allowed, start.after_seq),
            start,
            follow=follow,
            clock=self._clock,
            heartbeat_s=heartbeat_s,
            reader=ReaderOptions(
                as_json_of(request.payload_format),
                Room(self._budget, caller_of(peer)),
                ends_at_us,
                with_publisher=rights.management,
                sieve=sieve,
                delivered=self._traces.reader() if self._traces else None,
            ),
            wire=self._wire,
            metrics=self._metrics,
        )
