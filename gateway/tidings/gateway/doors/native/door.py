"""Tidings' own door: /v1/events, in proto3 JSON, as lines or as server-sent events."""

from __future__ import annotations

import asyncio
import time
from functools import partial

from tidings.gateway.callers import may_not_publish
from tidings.gateway.door import Handler, House
from tidings.gateway.doors.native.paths import paths_of
from tidings.gateway.doors.native.query import (
    LAST_ID,
    OWN,
    SSE_TYPE,
    select,
    split_query,
    wants_events,
)
from tidings.gateway.http.request import BodySilent, Request, while_connected
from tidings.gateway.live.feed import Plan, Renderer
from tidings.gateway.live.reader import Reader
from tidings.gateway.live.tail import BYTES
from tidings.gateway.openapi import Paths
from tidings.gateway.time_slices import Turns
from tidings.gateway.transcode import errors
from tidings.gateway.transcode.bind import BindRules, bind_request
from tidings.gateway.transcode.json_body import merge_json, parse_json
from tidings.gateway.transcode.match import Match, MethodNotAllowed, NotFound
from tidings.gateway.transcode.metadata import (
    DEFAULT_UNARY_DEADLINE_S,
    Metadata,
    request_metadata,
    requested_deadline,
)
from tidings.gateway.transcode.render import (
    LINES_TYPE,
    render_error,
    render_message,
    render_miss,
    render_response,
)
from tidings.gateway.transcode.routes import ERROR_MEMBER, Route, table_of
from tidings.gateway.transcode.status import render_status, status_of
from tidings.gateway.upload.publish import MAX_OBJECT_BYTES, SLICE_BYTES, BadLine, Intake
from tidings.gateway.upload.splitter import JsonSplitter, Piece
from tidings.gateway.upstream.failures import Failure
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb

_STREAM_HEADERS = (
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx would hold lines back
    (b"connection", b"close"),  # the body ends with the connection
)
_LINE_TYPES = frozenset({LINES_TYPE, "application/ndjson", "application/jsonl"})
_LENIENT = BindRules(any_content_type=True)  # `curl -d` announces a form
_FAR_S = 3600.0
_CLOCKS_S = 60.0  # how far apart the clocks of a gateway and its service may be
# Of a body that is no object: a smaller one is read all the same, to say what is wrong with it.
_MAX_UNREAD_BYTES = 64 * 1024


class NativeLines:
    """Prints a stream as lines: one SubscribeResponse each, with one record."""

    name = "native"
    form = BYTES

    def record(self, record: event_pb2.Record) -> bytes:
        """Print a record as a line."""
        return render_message(pb.SubscribeResponse(records=[record])) + b"\n"

    def heartbeat(self, heartbeat: pb.Heartbeat) -> bytes:
        """Print a heartbeat as a line."""
        return render_message(pb.SubscribeResponse(heartbeat=heartbeat)) + b"\n"

    def gap(self, gap: pb.Gap) -> bytes:
        """Print a gap as a line."""
        return render_message(pb.SubscribeResponse(gap=gap)) + b"\n"

    def unprintable(self, gap: pb.Gap) -> bytes:
        """Print a gap of one record in its place."""
        return self.gap(gap)

    def failure(self, failure: Failure) -> bytes:
        """Print why a stream broke, which is the last line."""
        return b'{"%s":%s}\n' % (ERROR_MEMBER.encode(), render_status(status_of(failure)))


class NativeEvents:
    """Prints a stream as server-sent events, whose id is the position to go on from.

    A gap has no id: what other systems have in it is still to come.
    """

    name = "native"
    form = BYTES

    def record(self, record: event_pb2.Record) -> bytes:
        """Print a record as a message."""
        text = render_message(pb.SubscribeResponse(records=[record]))
        return b"id: %d\ndata: %s\n\n" % (record.seq, text)

    def heartbeat(self, heartbeat: pb.Heartbeat) -> bytes:
        """Print a heartbeat as an event of its own kind."""
        text = render_message(pb.SubscribeResponse(heartbeat=heartbeat))
        return b"id: %d\nevent: heartbeat\ndata: %s\n\n" % (heartbeat.seq, text)

    def gap(self, gap: pb.Gap) -> bytes:
        """Print a gap as an event of its own kind."""
        return b"event: gap\ndata: %s\n\n" % render_message(pb.SubscribeResponse(gap=gap))

    def unprintable(self, gap: pb.Gap) -> bytes:
        """Print a gap of one record in its place, whose id is the record's: nothing is to come."""
        return b"id: %d\n%s" % (gap.last_seq, self.gap(gap))

    def failure(self, failure: Failure) -> bytes:
        """Print why a stream broke as an event of its own kind."""
        return b"event: failure\ndata: %s\n\n" % render_status(status_of(failure))


class NativeDoor:
    """Speaks the contract's own JSON. Shared by all requests; holds no state of them."""

    name = "native"

    def __init__(self, house: House) -> None:
        self._house = house
        self._routes = [route for route in house.routes if str(route.template) == "/v1/events"]
        self._table = table_of(self._routes)
        self._lines = NativeLines()
        self._events = NativeEvents()
        self._intake = Intake(house, "native", parse_draft)

    @property
    def paths(self) -> Paths:
        """What the routes take and answer."""
        return paths_of(self._routes)

    def handler(self, request: Request) -> Handler | None:
        """Return who answers at /v1/events, by the routes of the contract."""
        found = self._table.match(request.method, request.raw_path)
        if isinstance(found, NotFound):
            return None
        if isinstance(found, MethodNotAllowed):
            miss = found

            async def refuse(request: Request) -> None:
                await request.reply(render_miss(request.method, miss))

            return refuse
        match: Match[Route] = found

        async def serve(request: Request) -> None:
            await self._serve(request, match)

        return serve

    def unknown(self, request: Request) -> Handler | None:
        """Return None: nobody's paths are answered by the house itself."""
        del request
        return None

    async def refuse(self, request: Request, error: errors.TranscodeError) -> None:
        """Answer what is wrong by a rule of the house."""
        await request.reply(render_error(error))

    async def _serve(self, request: Request, match: Match[Route]) -> None:
        try:
            if match.target.rpc.server_streaming:
                await self._subscribe(request, match)
            elif _kind(request) in _LINE_TYPES:
                await self._intake.publish(request)
            else:
                await self._publish(request, match)
        except (errors.TranscodeError, Failure) as error:
            await request.reply(render_error(error))

    async def _publish(self, request: Request, match: Match[Route]) -> None:
        settings = self._house.settings
        metadata = request_metadata(request.headers)
        deadline_s = requested_deadline(request.headers) or DEFAULT_UNARY_DEADLINE_S
        if refused := await may_not_publish(self._house.upstream, request, metadata):
            raise refused
        try:
            body = await request.body(settings.body_bytes, settings.silence_s)
        except BodySilent:
            raise errors.BadRequest("", "the body did not arrive in time") from None
        if await _is_several(body, self._house.turns):
            request.put_back = body
            await self._intake.publish(request)
            return
        kind = request.header(b"content-type")
        bind = partial(bind_request, match.target, match, request.query, body, kind, _LENIENT)
        message = await self._house.turns.apart(len(body), bind)
        answer = await self._house.upstream.unary(match.target, message, metadata, deadline_s)
        await request.reply(render_response(match.target, answer))

    async def _subscribe(self, request: Request, match: Match[Route]) -> None:
        metadata = request_metadata(request.headers)
        is_sse = wants_events(request.header(b"accept"))
        query, own = split_query(request.query, {*OWN, LAST_ID} if is_sse else OWN)
        message = bind_request(match.target, match, query, b"", None)
        assert isinstance(message, pb.SubscribeRequest)
        select(message, own)
        if is_sse:
            # Some clients cannot set headers, and repeat what they have seen in the query.
            in_query = next((value for name, value in own if name == LAST_ID), "")
            if in_header := request.header(b"last-event-id"):
                _resume(message, "last-event-id", in_header)
            elif in_query:
                _resume(message, LAST_ID, in_query)
        renderer = self._events if is_sse else self._lines
        kind = (b"content-type", (SSE_TYPE if is_sse else LINES_TYPE).encode("ascii"))
        await while_connected(request, self._stream(request, message, metadata, renderer, kind))

    async def _stream(
        self,
        request: Request,
        message: pb.SubscribeRequest,
        metadata: Metadata,
        renderer: NativeLines | NativeEvents,
        kind: tuple[bytes, bytes],
    ) -> None:
        credential = tuple(entry for entry in metadata if entry[0] == "authorization")
        try:
            now_s = time.time()  # noqa: TID251 - an edge; a second more or less is no matter
            plan = plan_of(message, renderer, credential, now_s)
            reader = await self._house.feeds.read(plan, message)
        except Failure as error:
            await request.reply(render_error(error))
            return
        try:
            log_id = (b"tidings-log-id", reader.log_id.encode("ascii", "replace"))
            await request.start(200, (kind, *_STREAM_HEADERS, log_id))
            if request.method != "HEAD":
                await self._pump(request, reader, renderer)
            await request.end()
        finally:
            reader.close()

    async def _pump(
        self, request: Request, reader: Reader[bytes], renderer: NativeLines | NativeEvents
    ) -> None:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + _FAR_S
        while (chunk := await reader.take(until_s, request.outlet)) is not None:
            if chunk:
                await request.write(chunk)
            else:
                until_s = loop.time() + _FAR_S
        if reader.failure is not None:
            await request.write(renderer.failure(reader.failure))


def plan_of(
    message: pb.SubscribeRequest, renderer: Renderer[bytes], credential: Metadata, now_s: float
) -> Plan[bytes]:
    """Return the plan of a request: all of it but where it starts.

    A time that is still to come is a part of it: until then others at the head are given more.
    """
    selection = pb.SubscribeRequest()
    selection.CopyFrom(message)
    if message.from_time.seconds < now_s - _CLOCKS_S:
        selection.ClearField("start")
    selection.ClearField("log_id")
    return Plan(renderer, selection.SerializeToString(deterministic=True), credential)


def parse_draft(text: bytes, source: str) -> event_pb2.Draft:
    """Return a draft from proto3 JSON; a source goes into the events that have none.

    Raises:
        BadLine: it is no draft.
    """
    draft = event_pb2.Draft()
    try:
        merge_json(draft, parse_json(text), ignore_unknown=False)
    except errors.BadRequest as error:
        raise BadLine(str(error)) from None
    for event in draft.events:
        event.source = event.source or source
    return draft


async def _is_several(body: bytes, turns: Turns) -> bool:
    """Say whether a body holds more than one object, whatever it calls itself.

    Raises:
        TooMuch, BadRequest: it holds one, which is not to be read: it is too large, or no object.
    """
    splitter = JsonSplitter(MAX_OBJECT_BYTES)
    found: list[Piece] = []
    for at in range(0, len(body), SLICE_BYTES):
        for piece in splitter.feed(body[at : at + SLICE_BYTES]):
            found.append(piece)
            if len(found) > 1:
                return True
        if splitter.is_array:
            return True
        if not found and splitter.excess:  # whatever follows it
            raise errors.TooMuch(f"the body: {splitter.excess}")
        await turns.give_way()
    found += splitter.end()
    problem = found[0].problem if found else ""
    if found and found[0].is_too_large:
        raise errors.TooMuch(f"the body: {problem}")
    if problem and len(body) > _MAX_UNREAD_BYTES:
        raise errors.BadRequest("", f"the body is not JSON: {problem}")
    return False


def _kind(request: Request) -> str:
    return (request.header(b"content-type") or "").partition(";")[0].strip().lower()


def _resume(message: pb.SubscribeRequest, name: str, last_event_id: str) -> None:
    """Start where a browser was: it repeats its first request and adds the last id it has seen.

    Raises:
        BadRequest: the id, which came under this name, is no position.
    """
    if not (last_event_id.isascii() and last_event_id.isdecimal()) or len(last_event_id) > 19:
        raise errors.BadRequest(name, "not a position")
    message.after_seq = int(last_event_id)
