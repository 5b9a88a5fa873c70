"""The gRPC server: what it is built from, what it listens on, and how it goes down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import descriptor
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from tidings.core.clock import Clock
from tidings.core.limits import KIB, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES
from tidings.core.record import Record
from tidings.core.selection import Envelope
from tidings.dialects.consul import ConsulDialect
from tidings.dialects.dialect import Dialect, Projection
from tidings.dialects.feldera import FelderaDialect
from tidings.dialects.feldera.shown import ShownClusterEvents
from tidings.dialects.nomad import NewestPositions, NomadDialect
from tidings.log.event_log import EventLog
from tidings.rpc.access_control import AccessControl
from tidings.rpc.access_service import AccessServicer, NoAccessServicer
from tidings.rpc.authorize import OpenAccess
from tidings.rpc.budget import MAX_CALLS, Budget
from tidings.rpc.consul import ListWatch
from tidings.rpc.event_service import EventServicer
from tidings.rpc.feldera import ClusterEvents
from tidings.rpc.health import Health
from tidings.rpc.metrics import Metrics
from tidings.rpc.observing import Observer
from tidings.rpc.publishing import Publisher
from tidings.rpc.puppet import JobEvents
from tidings.rpc.requests import Decoder, decoding
from tidings.rpc.subscribing import Subscriptions
from tidings.rpc.wire import EnvelopeReader, RecordsWire
from tidings.v1 import access_service_pb2, event_pb2, event_service_pb2

MAX_CONNECTIONS = 10_000
"""At a time, on each address; as many as HTTP has by default."""

MAX_METADATA_BYTES = 16 * KIB
"""Of one call, with 32 bytes more for each entry, as HTTP/2 counts."""

MAX_HELD_CALLS = 2 * MAX_CALLS
"""With those whose request has not come: nobody else counts them, and each takes some 20 KiB."""

OPTIONS = (
    ("grpc.so_reuseport", 0),  # a second server on a port must fail, not share it in silence
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
    ("grpc.max_send_message_length", MAX_RESPONSE_BYTES),
    # The largest credential of 8 KiB, and what else a call says of itself. Both alike: between the
    # two gRPC refuses at random.
    ("grpc.max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
    # gRPC holds nobody to that limit who has not acknowledged it, and to 16 MiB until then. All
    # clients acknowledge it before their first call; who does not is closed, with all he holds.
    ("grpc.http2.settings_timeout", 10_000),
    # Beyond its backlog gRPC answers CANCELLED, which no client tries again, to whoever comes then:
    # 1000 calls by default, an honest herd. What is more than we go on with is told so by us.
    ("grpc.server.max_pending_requests", MAX_CALLS),
    ("grpc.server.max_pending_requests_hard_limit", MAX_HELD_CALLS),
    # for TLS and the first frame; who says nothing then has a while
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_connection_idle_ms", 15 * 60_000),
    ("grpc.max_allowed_incoming_connections", MAX_CONNECTIONS),
    # a dead peer is noticed within 80 s, also behind a firewall that forgets idle connections
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_ping_strikes", 2),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),  # clients may ping so often
)

_EVENTS = event_service_pb2.DESCRIPTOR.services_by_name["EventService"]
_ACCESS = access_service_pb2.DESCRIPTOR.services_by_name["AccessService"]
# Any: their stubs name the C classes behind the descriptors.
_HEALTH: Any = health_pb2.DESCRIPTOR.services_by_name["Health"]
_REFLECTION: Any = reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"]
SERVICES = (_EVENTS.full_name, _ACCESS.full_name)


@dataclass(frozen=True, slots=True)
class Views:
    """What the service keeps of the log: projections, and how records are read. Made before it.

    `projections` and `envelope_of` are arguments of the log. One set of views belongs to one log
    and one service.
    """

    dialects: Mapping[str, Dialect]
    newest_nomad: NewestPositions
    lists: ListWatch
    shown_clusters: ShownClusterEvents

    @classmethod
    def of(cls, dialects: Mapping[str, Dialect], clock: Clock) -> Views:
        """Return the views of these dialects, which must hold all systems."""
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
    def envelope_of(self) -> Callable[[Record], Envelope]:
        """What the log asks for the envelope of a stored record."""
        return EnvelopeReader(self.dialects)


class Service:
    """The gRPC service over a log: made inside the running event loop, started once, drained once.

    With `access` it asks for credentials; `access_events` says whether changes of tokens and
    policies are appended as events. Owns the server, not the log: `drain` closes the log, since
    nothing else ends the endless streams.
    """

    def __init__(
        self,
        log: EventLog,
        views: Views,
        *,
        clock: Clock,
        token: Callable[[int], bytes],
        metrics: Metrics | None = None,
        access: AccessControl | None = None,
        access_events: bool = True,
    ) -> None:
        self.metrics = metrics or Metrics()
        self.metrics.show(log)
        self._log = log
        admission = access or OpenAccess()
        self.budget = budget = Budget()
        """Of what callers have not read yet."""
        self._lists = views.lists
        self._publisher = Publisher(log, views.dialects, clock, token, self.metrics)
        self._health = Health(SERVICES, log.checks)
        wire = RecordsWire(views.dialects)
        subscriptions = Subscriptions(
            log, views.dialects, views.newest_nomad, clock, wire, self.metrics, budget
        )
        events = EventServicer(
            log,
            self._publisher,
            subscriptions,
            self._lists,
            JobEvents(log, views.dialects["puppet"]),
            ClusterEvents(views.shown_clusters),
            views.dialects["consul"],
            admission,
        )
        observer = Observer(self.metrics, clock, token, admission.caller, budget)
        self._server = grpc.aio.server(options=OPTIONS, maximum_concurrent_rpcs=MAX_HELD_CALLS)
        _add(self._server, _EVENTS, events, observer)
        accesses = self._access_servicer(access, token, announce=access_events)
        _add(self._server, _ACCESS, accesses, observer)
        _add(self._server, _HEALTH, self._health)
        reflected = (*SERVICES, _HEALTH.full_name, _REFLECTION.full_name)
        _add(self._server, _REFLECTION, reflection.aio.ReflectionServicer(reflected))

    def _access_servicer(
        self, access: AccessControl | None, token: Callable[[int], bytes], *, announce: bool
    ) -> AccessServicer | NoAccessServicer:
        if access is None:
            return NoAccessServicer()

        async def tell(event: event_pb2.Event) -> None:
            await self._publisher.publish(event_pb2.Draft(events=[event]))

        return AccessServicer(access, token, tell if announce else None)

    def listen(self, address: str, credentials: grpc.ServerCredentials | None = None) -> int:
        """Bind "HOST:PORT" or "unix:PATH" and return the port; port 0 = any. Before `start`.

        With credentials it speaks TLS there, 1.2 or newer.

        Raises:
            RuntimeError: it cannot be bound.
        """
        if credentials is None:
            return int(self._server.add_insecure_port(address))
        return int(self._server.add_secure_port(address, credentials))

    async def start(self) -> None:
        """Serve, and say so to whoever asks for health."""
        await self._server.start()
        await self._health.open()

    async def drain(self, grace_s: float) -> None:
        """Go down in order; returns when no call is left, after `grace_s` seconds at the latest.

        Health says NOT_SERVING, waiting lists answer, streams end with their position, the log
        commits what it was given and closes, and the rest of the calls get the grace period.
        """
        await self._health.close()
        self._lists.close()
        self._publisher.close()
        # stopping first would wait out the grace period on every open stream; closing alone lets
        # new ones in
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._log.close())
            tasks.create_task(self._server.stop(grace_s))


def _add(
    server: grpc.aio.Server,
    service: descriptor.ServiceDescriptor,
    servicer: object,
    observer: Observer | None = None,
) -> None:
    """Register a servicer whose methods may answer with encoded messages.

    As one handler for all that it has: for every method that is registered by itself, the server
    keeps a task that awaits its next call, and looks at each of them again at every call of any.
    """
    handlers: dict[str, Any] = {}
    for method in service.methods:
        make = _SHAPES[method.client_streaming, method.server_streaming]
        behavior = getattr(servicer, method.name)
        decoder = Decoder(method)
        handlers[method.name] = make(
            # without a deserializer of gRPC's, which answers bad bytes with a traceback
            observer.around(method.name, behavior, decoder)
            if observer
            else decoding(behavior, decoder),
            response_serializer=_encoded,
        )
    named = grpc.method_handlers_generic_handler(service.full_name, handlers)
    server.add_generic_rpc_handlers((named,))


_SHAPES = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


def _encoded(response: bytes | Message) -> bytes:
    return response if isinstance(response, bytes) else response.SerializeToString()
