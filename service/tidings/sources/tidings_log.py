"""Another Tidings: its log over gRPC, from the position that was stored last; edge to centre.

Its records come with their positions and its log's identity, which make their keys. What it knows
to be missing is told on: its gaps, those of its own sources, and how these are doing. An event
keeps the source that it has; one without gets this source's name. It also gets the log's identity,
and what was in the log that is recorded into already is left out: two logs may record each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import grpc

from tidings.sources.failure import UpstreamFailed
from tidings.sources.source import Sink
from tidings.sources.target import Target
from tidings.v1 import (
    event_pb2,
    event_service_pb2_grpc,
    event_system_pb2,
    selection_pb2,
    tidings_event_pb2,
)
from tidings.v1 import event_service_pb2 as pb

LOG_ID_KEY = "tidings-log-id"

SILENCE_S = 75.0
"""Of a stream that is dead: two of its heartbeats, which come every 30 s, and some time."""

_MAX_COPIES = 32
"""Of `Event.copied_from`: of a longer way its last part is kept."""

_Call = grpc.aio.UnaryStreamCall[pb.SubscribeRequest, pb.SubscribeResponse]
_Code = grpc.StatusCode
_LASTING = {
    _Code.UNAUTHENTICATED: "refused the credential",
    _Code.PERMISSION_DENIED: "does not let us read",
    _Code.UNIMPLEMENTED: "is no Tidings, or an older one",
    _Code.INVALID_ARGUMENT: "does not understand what is asked",
}
_OTHER_LOG = frozenset({_Code.FAILED_PRECONDITION, _Code.OUT_OF_RANGE})


class TidingsSource:
    """A Tidings. `systems` are the names of those that are wanted; none = all that may be read.

    Gaps of its own sources are events of the system "tidings".
    """

    system = event_system_pb2.EVENT_SYSTEM_TIDINGS

    def __init__(self, name: str, target: Target, *, systems: Sequence[str] = ()) -> None:
        self._name = name
        self._target = target
        self._selection = selection_pb2.Selection()
        for system in systems:
            getattr(self._selection, system).SetInParent()

    @property
    def address(self) -> str:
        """Where it is."""
        return self._target.address

    async def follow(self, position: str, sink: Sink) -> None:
        """Read the log until the stream ends, which is a failure."""
        log_id, _, seq = position.rpartition("/")
        async with self._channel() as channel:
            stub = event_service_pb2_grpc.EventServiceStub(channel)
            request = pb.SubscribeRequest(
                after_seq=int(seq or 0),
                log_id=log_id,
                payload_format=pb.PAYLOAD_FORMAT_JSON,
                selection=self._selection,
            )
            call: _Call = stub.Subscribe(request, metadata=self._credential())
            try:
                await self._read(call, sink, is_first=not position)
            except grpc.aio.AioRpcError as error:
                if position and error.code() in _OTHER_LOG:
                    await sink.lost(position, "", "another log is there now")
                    await sink.reach("")
                raise _failure_of(error) from None
            finally:
                call.cancel()
        raise UpstreamFailed("ended the stream")

    async def _read(self, call: _Call, sink: Sink, *, is_first: bool) -> None:
        try:
            async with asyncio.timeout(SILENCE_S) as silence:
                metadata = await call.initial_metadata()
                log_id = str(metadata.get(LOG_ID_KEY, ""))
                if log_id and log_id == sink.log_id:
                    raise UpstreamFailed("is the log that it is recorded into", is_lasting=True)
                course = _Course(self._name, log_id, sink)
                async for message in call:
                    silence.reschedule(asyncio.get_running_loop().time() + SILENCE_S)
                    await sink.connected()
                    if is_first:
                        is_first = False
                        await sink.begin(f"{log_id}/0")
                    await course.take(message)
        except TimeoutError:
            raise UpstreamFailed("fell silent") from None

    def _credential(self) -> Sequence[tuple[str, str]]:
        token = self._target.token()
        return (("authorization", f"Bearer {token}"),) if token else ()

    def _channel(self) -> grpc.aio.Channel:
        options = [
            # else a new channel goes on over the old one's connection, also where that is dead
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_http_proxy", 0),  # only the address that is set is asked
        ]
        if not self._target.url.startswith("https:"):
            return grpc.aio.insecure_channel(self.address, options)
        try:
            ca, cert, key = (
                Path(path).read_bytes() if path else None
                for path in (self._target.ca, self._target.cert, self._target.key)
            )
        except OSError:
            raise UpstreamFailed("a certificate file cannot be used", is_lasting=True) from None
        credentials = grpc.ssl_channel_credentials(ca, key, cert)
        return grpc.aio.secure_channel(self.address, credentials, options)


class _Course:
    """One stream."""

    def __init__(self, name: str, log_id: str, sink: Sink) -> None:
        self._name = name
        self._log_id = log_id
        self._named = [log_id] if log_id else []  # one that is older does not say which it is
        self._sink = sink

    async def take(self, message: pb.SubscribeResponse) -> None:
        """Record what came."""
        match message.WhichOneof("part"):
            case "batch":
                for record in message.batch.records:
                    await self._take_record(record)
            case "heartbeat":
                await self._sink.reach(self._at(message.heartbeat.seq))
            case "gap":
                gap = message.gap
                system = _name_of(gap.system)
                await self._sink.lost(
                    self._at(gap.first_seq - 1),
                    self._at(gap.last_seq + 1),
                    f"{system}: {gap.detail}",
                )
                await self._sink.reach(self._at(gap.resume_seq))

    async def _take_record(self, record: event_pb2.EventRecord) -> None:
        position = self._at(record.seq)
        events = [each for each in record.events if self._sink.log_id not in each.copied_from]
        for event in events:
            event.copied_from[:] = [*event.copied_from, *self._named][-_MAX_COPIES:]
        if not events or events[0].HasField("tidings"):
            for event in events:
                await self._tell_on(event.tidings, event.copied_from)
            await self._sink.reach(position)
            return
        draft = event_pb2.Draft(key=f"{self._name}/{position}", events=events)
        for event in draft.events:
            event.source = event.source or self._name
        await self._sink.put(draft, position, record.ByteSize())

    async def _tell_on(
        self, event: tidings_event_pb2.TidingsEvent, copied_from: Sequence[str]
    ) -> None:
        """Tell of a gap of one of its own sources as of a gap of this one, and on of its state."""
        if event.HasField("source_gap"):
            gap = event.source_gap
            reason = f"{gap.source}, {_name_of(gap.system)}: {gap.reason}"
            await self._sink.lost(gap.after, gap.before, reason, copied_from)
        elif event.HasField("source_state"):
            await self._sink.tell(event.source_state, copied_from)

    def _at(self, seq: int) -> str:
        return f"{self._log_id}/{seq}"


def _name_of(system: event_system_pb2.EventSystem.ValueType) -> str:
    return event_system_pb2.EventSystem.Name(system).removeprefix("EVENT_SYSTEM_").lower()


def _failure_of(error: grpc.aio.AioRpcError) -> UpstreamFailed:
    code = error.code()
    if code in _LASTING:
        return UpstreamFailed(_LASTING[code], is_lasting=True)
    if code is _Code.UNAVAILABLE:
        return UpstreamFailed("is not reached, or goes down")
    return UpstreamFailed(f"ended the stream: {code.name}")
