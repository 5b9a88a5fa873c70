"""The gRPC server: what it is built from, what it listens on, and how it shuts down."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import descriptor
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2

from tidings.core.clock import Clock
from tidings.core.projection import Projection
from tidings.core.record import Record
from tidings.core.selection import Opened
from tidings.core.tracing import Tracer
from tidings.dialects.consul import ConsulDialect
from tidings.dialects.dialect import Dialect
from tidings.dialects.feldera import FelderaDialect
from tidings.dialects.feldera.shown import ShownClusterEvents
from tidings.dialects.nomad import NewestPositions, NomadDialect
from tidings.dialects.tidings_own import own_draft
from tidings.log.event_log import EventLog
from tidings.rpc import reflection
from tidings.rpc.access_control import AccessControl
from tidings.rpc.access_service import AccessServicer
from tidings.rpc.authorize import OpenAccess
from tidings.rpc.backing_up import LogBackups
from tidings.rpc.budget import Budget
from tidings.rpc.consul import ListWatch
from tidings.rpc.counting import Counts
from tidings.rpc.delivery_traces import DeliveryTraces
from tidings.rpc.envelopes import EnvelopeReader
from tidings.rpc.event_service import EventServicer, Workers
from tidings.rpc.feldera import ClusterEvents
from tidings.rpc.health import Health
from tidings.rpc.index import Index
from tidings.rpc.log_status import LogStatus
from tidings.rpc.metrics import Metrics
from tidings.rpc.no_access import NoAccessServicer
from tidings.rpc.objects.history import ObjectHistories
from tidings.rpc.objects.known_since import KnownSince
from tidings.rpc.objects.listing import ObjectLists
from tidings.rpc.observing import CallObserver
from tidings.rpc.publishing import Publisher
from tidings.rpc.puppet import JobEvents
from tidings.rpc.reading import Reads
from tidings.rpc.requests import Decoder, decoding
from tidings.rpc.server_options import MAX_HELD_CALLS, OPTIONS
from tidings.rpc.sources.lease import Leases
from tidings.rpc.sources.metrics import SourceMetrics
from tidings.rpc.sources.registry import SourceRegistry
from tidings.rpc.sources.servicer import SourceServicer
from tidings.rpc.subscribing import Subscriptions
from tidings.rpc.wire import RecordsWire
from tidings.v1 import (
    access_service_pb2,
    event_pb2,
    event_service_pb2,
    source_service_pb2,
    tidings_event_pb2,
)

LEAVING_S = 2.0
"""Time to store that recorders have left, however short the grace period is: otherwise
their calls would be ended before that, with the server."""

_EVENTS = event_service_pb2.DESCRIPTOR.services_by_name["EventService"]
_SOURCES = source_service_pb2.DESCRIPTOR.services_by_name["SourceService"]
_ACCESS = access_service_pb2.DESCRIPTOR.services_by_name["AccessService"]
# Any: its stubs name the C class behind the descriptor.
_HEALTH: Any = health_pb2.DESCRIPTOR.services_by_name["Health"]
NO_ACCESS_CONTROL = "no access control"
"""Why AccessService does not serve, in health."""

SERVICES = (_EVENTS.full_name, _ACCESS.full_name, _SOURCES.full_name)


@dataclass(frozen=True, slots=True)
class Views:
    """What the service derives from the log: projections, and how records are read. Made before it.

    `projections` and `envelope_of` are arguments of the log. One set of views belongs to one log
    and one service.
    """

    dialects: Mapping[str, Dialect]
    newest_nomad: NewestPositions
    lists: ListWatch
    shown_clusters: ShownClusterEvents

    @classmethod
    def of(cls, dialects: Mapping[str, Dialect], clock: Clock) -> Views:
        """Return the views of these dialects, which must cover all systems."""
        nomad, consul, feldera = dialects["nomad"], dialects["consul"], dialects["feldera"]
        assert isinstance(nomad, NomadDialect)
        assert isinstance(consul, ConsulDialect)
        assert isinstance(feldera, FelderaDialect)
        lists = ListWatch(consul.projection(), clock)
        return cls(dialects, nomad.projection(), lists, feldera.projection())

    @property
    def projections(self) -> dict[str, Projection]:
        """The projections of the log, by system."""
        return {
            "nomad": self.newest_nomad,
            "consul": self.lists,
            "feldera": self.shown_clusters,
        }

    @property
    def envelope_of(self) -> Callable[[Record], Opened]:
        """The log's function for the envelope of a stored record."""
        return EnvelopeReader(self.dialects)


class Service:
    """The gRPC service over a log: made inside the running event loop, started once, drained once.

    With `access` it requires credentials; `access_events` says whether changes of tokens and
    policies are appended as events; `options` are the server's beside ours; `compress_streams`
    compresses Subscribe as well, for clients that offer gzip; `index` is queried before the log is
    read; spans go to `tracer`. Owns the server, not the log: `drain` closes the log, since nothing
    else ends the endless streams.
    """

    def __init__(  # noqa: PLR0913 - what it is made of, each by its name
        self,
        log: EventLog,
        views: Views,
        *,
        clock: Clock,
        token: Callable[[int], bytes],
        access: AccessControl | None = None,
        access_events: bool = True,
        options: Sequence[tuple[str, int]] = (),
        compress_streams: bool = False,
        index: Index | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        log.traces.tracer = tracer
        self.metrics = Metrics()
        self.metrics.show(log)
        if index is not None:
            self.metrics.show_index(log, index)
        self._log = log
        self._clock = clock
        admission = access or OpenAccess()
        self.budget = budget = Budget()
        """Of answers that callers have not read yet."""
        self._lists = views.lists
        self._publisher = Publisher(log, views.dialects, clock, token, self.metrics, tracer)
        off = {} if access else {_ACCESS.full_name: NO_ACCESS_CONTROL}
        self._health = Health(SERVICES, log.checks, off)
        wire = RecordsWire(views.dialects)
        deliveries = DeliveryTraces(tracer, log.traces, clock) if tracer else None
        subscriptions = Subscriptions(
            log, views.dialects, views.newest_nomad, clock, wire, self.metrics, budget, deliveries
        )
        tell = self._tell_of_itself
        is_shared = log.store_kind == "jetstream"  # other nodes may serve the same log
        self.sources = SourceRegistry(log.state, clock, log.checks, tell, is_shared=is_shared)
        """Of the log; `open` it before the start, and `run` it beside."""
        known_since = KnownSince(log)
        workers = Workers(
            publisher=self._publisher,
            subscriptions=subscriptions,
            reads=Reads(log, views.dialects, clock, wire, index),
            counts=Counts(log, views.dialects, clock, index),
            objects=ObjectLists(log, views.dialects, clock, known_since, index),
            histories=ObjectHistories(log, views.dialects, clock, known_since, index),
            status=LogStatus(log, self.metrics, self.sources, index),
            lists=self._lists,
            jobs=JobEvents(log, views.dialects["puppet"]),
            clusters=ClusterEvents(views.shown_clusters),
            backups=LogBackups(log, clock, budget),
        )
        events = EventServicer(
            log, workers, views.dialects["consul"], admission, compress_streams=compress_streams
        )
        observer = CallObserver(self.metrics, clock, token, admission.caller, budget, tracer=tracer)
        self._server = grpc.aio.server(
            options=(*OPTIONS, *options), maximum_concurrent_rpcs=MAX_HELD_CALLS
        )
        _add(self._server, _EVENTS, events, observer)
        accesses = self._access_servicer(access, token, announce=access_events)
        _add(self._server, _ACCESS, accesses, observer)
        leases = Leases(log.state, clock, node=str(uuid.UUID(bytes=token(16))), is_shared=is_shared)
        self._recorders = sources = SourceServicer(
            self.sources, leases, views.dialects, admission, clock, tell, log.log_id
        )
        _add(self._server, _SOURCES, sources, observer)
        self.metrics.registry.register(SourceMetrics(self.sources))
        _add(self._server, _HEALTH, self._health)
        reflecting = reflection.servicer_of((*SERVICES, _HEALTH.full_name))
        for name in (reflection.V1ALPHA.full_name, reflection.V1.full_name):
            _add(self._server, reflection.V1ALPHA, reflecting, name=name)

    def _access_servicer(
        self, access: AccessControl | None, token: Callable[[int], bytes], *, announce: bool
    ) -> AccessServicer | NoAccessServicer:
        if access is None:
            return NoAccessServicer()

        async def tell(event: event_pb2.Event) -> None:
            await self._publisher.publish(event_pb2.Draft(events=[event]))

        return AccessServicer(access, token, tell if announce else None)

    async def _tell_of_itself(
        self, event: tidings_event_pb2.TidingsEvent, key: str, copied_from: Sequence[str]
    ) -> None:
        await self._log.append(own_draft(event, key, self._clock.now_us(), copied_from))

    def listen(self, address: str, credentials: grpc.ServerCredentials | None = None) -> int:
        """Bind "HOST:PORT" or "unix:PATH" and return the port (0 = any). Call it before `start`.

        With credentials it speaks TLS there, 1.2 or newer.

        Raises:
            RuntimeError: it cannot be bound.
        """
        if credentials is None:
            return int(self._server.add_insecure_port(address))
        return int(self._server.add_secure_port(address, credentials))

    async def start(self) -> None:
        """Serve, and report it in health."""
        await self._server.start()
        await self._health.open()

    async def drain(self, grace_s: float) -> None:
        """Shut down in order; returns when no call is left, after `grace_s` seconds at the latest.

        Health says NOT_SERVING, waiting lists answer, streams end with their position, the log
        commits what it was given and closes, and the rest of the calls get the grace period.
        """
        await self._health.close()
        self._lists.close()
        self._publisher.close()
        await self._recorders.close(max(grace_s, LEAVING_S))
        # stopping first would wait for the grace period on every open stream; closing alone lets
        # new ones in
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._log.close())
            tasks.create_task(self._server.stop(grace_s))


def _add(
    server: grpc.aio.Server,
    service: descriptor.ServiceDescriptor,
    servicer: object,
    observer: CallObserver | None = None,
    *,
    name: str = "",
) -> None:
    """Register a servicer whose methods may answer with encoded messages, or under another name.

    As one handler for all that it has: for every method that is registered by itself, the server
    keeps a task that awaits its next call, and looks at each of them again at every call of any.
    """
    handlers: dict[str, Any] = {}
    for method in service.methods:
        make = _SHAPES[method.client_streaming, method.server_streaming]
        behavior = getattr(servicer, method.name)
        decoder = Decoder(method)
        # without a deserializer of gRPC's, which answers bad bytes with a traceback
        if observer:
            handle = observer.around(method.name, behavior, decoder)
        else:
            handle = decoding(behavior, decoder)
        handlers[method.name] = make(handle, response_serializer=_encoded)
    named = grpc.method_handlers_generic_handler(name or service.full_name, handlers)
    server.add_generic_rpc_handlers((named,))


_SHAPES = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


def _encoded(response: bytes | Message) -> bytes:
    return response if isinstance(response, bytes) else response.SerializeToString()
