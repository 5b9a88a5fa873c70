"""A real service over a log in memory, served from a loop of its own beside the test.

`make test-nats` has the log on NATS instead.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import grpc

from tests.kit.clock import DayClock
from tests.nats.shared import ON_NATS, shared_server
from tests.nats.timed import open_timed
from tests.patience import PATIENCE_S
from tidings.access.jwks import parse_jwks
from tidings.access.policy_file import parse_policy_file
from tidings.core.record import Draft, Record
from tidings.dialects import load
from tidings.index.reader import IndexReader
from tidings.log.event_log import EventLog
from tidings.log.limits import LogLimits
from tidings.rpc.access_control import AccessControl
from tidings.rpc.server import Service, Views
from tidings.store.base import EventStore, Result
from tidings.store.memory import MemoryStore
from tidings.v1 import event_pb2, event_service_pb2, selection_pb2
from tidings.v1.event_service_pb2_grpc import EventServiceStub

T = TypeVar("T")


class GatedStore:
    """A store whose appends can be held back, made to fail, and seen, and whose feed can lag."""

    def __init__(self, inner: EventStore) -> None:
        self.inner = inner
        self.groups: list[int] = []
        self.failures: list[Exception] = []
        self.may_append = asyncio.Event()
        self.may_append.set()
        self.is_appending = threading.Event()
        self.before_append: Callable[[Sequence[Draft]], Coroutine[Any, Any, None]] | None = None
        self.may_feed = asyncio.Event()
        self.may_feed.set()
        self.end_was_asked = threading.Event()

    async def append(self, drafts: Sequence[Draft]) -> list[Result]:
        self.groups.append(len(drafts))
        self.is_appending.set()
        await self.may_append.wait()
        if self.failures:
            raise self.failures.pop(0)
        if self.before_append is not None:
            await self.before_append(drafts)
        return await self.inner.append(drafts)

    async def end_seq(self, hoped_seq: int = 0) -> int:
        self.end_was_asked.set()
        return await self.inner.end_seq(hoped_seq)

    async def committed(self, after_seq: int) -> AsyncIterator[Sequence[Record]]:
        async with aclosing(self.inner.committed(after_seq)) as feed:  # type: ignore[type-var]
            async for batch in feed:
                await self.may_feed.wait()
                yield batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@dataclass
class Deployment:
    """What is to be served, and once it is: what it is made of."""

    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    limits: LogLimits = field(default_factory=LogLimits)
    clock: DayClock = field(default_factory=DayClock)
    policy_file: str | None = None  # None = no access control
    key_sets: dict[str, bytes] = field(default_factory=dict)  # of issuers, by their jwks
    access_events: bool = False
    options: tuple[tuple[str, int], ...] = ()
    compress_streams: bool = False
    index_directory: Path | None = None
    access: AccessControl = field(init=False)
    store: GatedStore = field(init=False)
    log: EventLog = field(init=False)
    service: Service = field(init=False)


async def _open_store(clock: DayClock) -> EventStore:
    if ON_NATS:
        return cast("EventStore", await open_timed(shared_server(), clock))
    return MemoryStore(clock=clock)


class LoopServer:
    """Stands in for pytest-grpc's grpc.Server: the same few methods, over grpc.aio on a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="served")
        self._thread.start()
        self._deployment: Deployment | None = None
        self._addresses: list[str] = []
        self._running: Any = None
        self._guarding: Any = None
        self._minding: Any = None
        self._index: IndexReader | None = None
        self.ports: list[int] = []

    def deploy(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def add_insecure_port(self, address: str) -> None:
        self._addresses.append(address)

    def start(self) -> None:
        self.run(self._start())

    def stop(self, grace: float | None = None) -> None:
        if self._deployment is not None:
            self.run(self._stop(grace or 0.0))
        self.run(_cancel_the_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    def run(self, main: Awaitable[T]) -> T:
        """Wait for something on the server's loop and return its result."""

        async def awaited() -> T:
            return await main

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result(PATIENCE_S)

    def call(self, function: Callable[[], object]) -> None:
        """Call a function on the server's loop."""

        async def called() -> None:
            function()

        self.run(called())

    async def _start(self) -> None:
        made = self._deployment
        assert made is not None
        dialects = load(made.settings)
        views = Views.of(dialects, made.clock)
        made.store = GatedStore(await _open_store(made.clock))
        made.log = EventLog(
            cast("EventStore", made.store),
            clock=made.clock,
            envelope_of=views.envelope_of,
            projections=views.projections,
            limits=made.limits,
        )
        await made.log.open()
        self._running = asyncio.create_task(made.log.run())
        access = None
        if made.policy_file is not None:
            made.access = access = AccessControl(made.log, made.clock, tick_s=0.01)
            await access.open()
            keys = {place: parse_jwks(text) for place, text in made.key_sets.items()}
            access.set_file(parse_policy_file(made.policy_file), keys)
            self._guarding = asyncio.create_task(access.run())
        self._index = None
        if made.index_directory is not None:
            self._index = IndexReader(made.index_directory, made.log.log_id)
        made.service = Service(
            made.log,
            views,
            clock=made.clock,
            token=secrets.token_bytes,
            access=access,
            access_events=made.access_events,
            options=made.options,
            compress_streams=made.compress_streams,
            index=self._index,
        )
        await made.service.sources.open()
        self._minding = asyncio.create_task(made.service.sources.run())
        self.ports = [made.service.listen(address) for address in self._addresses]
        await made.service.start()

    async def _stop(self, grace_s: float) -> None:
        assert self._deployment is not None
        self._deployment.store.may_append.set()
        self._deployment.store.may_feed.set()
        await self._deployment.service.drain(grace_s)
        if self._index is not None:
            await self._index.close()
        await self._running
        await self._deployment.store.close()
        await self._minding
        if self._guarding is not None:
            await self._guarding


async def _cancel_the_others() -> None:
    """End what a call that was given up has left, as asyncio.run does.

    The garbage collector would close its coroutine long after its server, in whichever test runs
    then: at its end it asks for the caller's address, and gRPC crashes.
    """
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@dataclass
class Served:
    """One service for one test."""

    server: LoopServer
    deployment: Deployment
    channel: grpc.Channel
    address: str

    @property
    def stub(self) -> EventServiceStub:
        return EventServiceStub(self.channel)

    @property
    def store(self) -> GatedStore:
        return self.deployment.store

    def run(self, main: Awaitable[T]) -> T:
        return self.server.run(main)


@contextmanager
def serving(address: str, deployment: Deployment | None = None) -> Iterator[Served]:
    made = deployment or Deployment()
    server = LoopServer()
    server.deploy(made)
    server.add_insecure_port(address)
    try:
        server.start()
        with grpc.insecure_channel(address) as channel:
            yield Served(server, made, channel, address)
    finally:
        server.stop()


def draft(*events: event_pb2.Event, key: str = "") -> event_pb2.Draft:
    return event_pb2.Draft(key=key, events=events)


def publish(
    stub: EventServiceStub, *events: event_pb2.Event, key: str = ""
) -> event_service_pb2.PublishResponse:
    request = event_service_pb2.PublishRequest(draft=draft(*events, key=key))
    return stub.Publish(request, timeout=PATIENCE_S)


def subscribe_request(**fields: Any) -> event_service_pb2.SubscribeRequest:
    """Return a request; a selector's name is that of its system."""
    systems = selection_pb2.Selection.DESCRIPTOR.fields_by_name
    selectors = {name: fields.pop(name) for name in systems if name in fields}
    if selectors:
        fields["selection"] = selection_pb2.Selection(**selectors)
    return event_service_pb2.SubscribeRequest(**fields)


@contextmanager
def subscribed(
    stub: EventServiceStub, **fields: Any
) -> Iterator[Iterator[event_service_pb2.SubscribeResponse]]:
    """Open a stream, and cancel it at the end. The fields are those of `subscribe_request`."""
    call = stub.Subscribe(subscribe_request(**fields), timeout=PATIENCE_S)
    try:
        yield call
    finally:
        call.cancel()


def read_to_head(stub: EventServiceStub, **fields: Any) -> list[event_pb2.EventRecord]:
    """Return every record up to the first heartbeat."""
    records: list[event_pb2.EventRecord] = []
    with subscribed(stub, **fields) as stream:
        for message in stream:
            if message.HasField("heartbeat"):
                return records
            records += message.batch.records
    raise AssertionError("the stream ended before the head")


def read_one(stub: EventServiceStub, seq: int, **fields: Any) -> event_pb2.EventRecord:
    """Return the record with this position, as a reader gets it."""
    with subscribed(stub, after_seq=seq - 1, **fields) as stream:
        for message in stream:
            for record in message.batch.records:
                assert record.seq == seq
                return record
    raise AssertionError(f"no record {seq}")


def refusal(error: grpc.RpcError) -> tuple[grpc.StatusCode, str]:
    """Return the code and the text of a failed call."""
    call: Any = error  # every error of a stub is a grpc.Call too
    return call.code(), call.details() or ""
