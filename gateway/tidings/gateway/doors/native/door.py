"""Tidings' own door: /v1/events in the requested form, and reads, in proto3 JSON."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from functools import partial

from tidings.gateway.door import Context, Handler
from tidings.gateway.doors.native.bounds import BOUNDS, bounded_read
from tidings.gateway.doors.native.cloud_events import EVENT_ARRAY, EVENT_LINES
from tidings.gateway.doors.native.drafts import SPELLING, are_several
from tidings.gateway.doors.native.formats import EVENTS, LINES, Format, Printer, preferred
from tidings.gateway.doors.native.paths import PATHS
from tidings.gateway.doors.native.query import (
    LAST_ID,
    OWN,
    select,
    split_query,
)
from tidings.gateway.doors.native.reads import Reads
from tidings.gateway.http.request import Request, while_connected
from tidings.gateway.http.request_body import BodySilent, whole_body
from tidings.gateway.live.reader import Reader
from tidings.gateway.live.stream_key import Renderer, StreamKey
from tidings.gateway.transcode import errors
from tidings.gateway.transcode.bind import bind_request
from tidings.gateway.transcode.metadata import (
    DEFAULT_UNARY_DEADLINE_S,
    Metadata,
    request_metadata,
    requested_deadline,
)
from tidings.gateway.transcode.render import (
    LINES_TYPE,
    render_error,
    render_miss,
    render_response,
)
from tidings.gateway.transcode.routes import Found, Route, routes_at
from tidings.gateway.upload.callers import may_not_publish
from tidings.gateway.upload.pieces import Pieces
from tidings.gateway.upload.publish import PublishEndpoint
from tidings.gateway.upstream.failures import Failure
from tidings.v1 import event_service_pb2 as pb

_STREAM_HEADERS = (
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # else nginx buffers lines
    (b"connection", b"close"),  # the body ends with the connection
)
_LINE_TYPES = frozenset({LINES_TYPE, "application/ndjson", "application/jsonl"})
_FAR_S = 3600.0
_CLOCKS_S = 60.0  # tolerated clock skew between a gateway and its service


_AS_THE_SYSTEMS_PRINT = (EVENT_LINES, EVENT_ARRAY)
_FORMATS = (EVENTS, *_AS_THE_SYSTEMS_PRINT)
_ROUTES = [each.at for each in PATHS.operations if isinstance(each.at, Route)]


class NativeDoor:
    """Speaks the contract's own JSON. Shared by all requests; stateless."""

    name = "native"
    paths = PATHS

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reads = Reads(context)
        self._log_id = ""  # as the service last said
        self._endpoint = PublishEndpoint(context, SPELLING)

    def handler(self, request: Request) -> Handler | None:
        """Return the handler of the contract's own paths, HEAD as GET."""
        fitting = routes_at(_ROUTES, request.raw_path)
        if not fitting:
            return None
        method = "GET" if request.method == "HEAD" else request.method
        if method not in fitting:
            return partial(_refuse_method, allow=_allowed(fitting))
        return partial(self._serve, found=fitting[method])

    def unknown(self, request: Request) -> Handler | None:
        """Return None: unknown paths are answered by the app itself."""
        del request
        return None

    async def refuse(self, request: Request, error: errors.TranscodeError) -> None:
        """Answer an error of the gateway's own rules."""
        await request.reply(render_error(error))

    async def _serve(self, request: Request, found: Found) -> None:
        try:
            if found[0].rpc.server_streaming:
                await self._subscribe(request, found)
            elif found[0].http_method == "GET":
                await self._reads.answer(request, found)
            elif _kind(request) in _LINE_TYPES:
                await self._endpoint.publish(request)
            else:
                await self._publish(request, found)
        except (errors.TranscodeError, Failure) as error:
            await request.reply(render_error(error))

    async def _publish(self, request: Request, found: Found) -> None:
        route, captured = found
        settings = self._context.settings
        metadata = request_metadata(request.headers)
        deadline_s = requested_deadline(request.headers) or DEFAULT_UNARY_DEADLINE_S
        if refused := await may_not_publish(self._context.upstream, request, metadata):
            raise refused
        try:
            body = await whole_body(request, settings.http_body_size, settings.http_silence)
        except BodySilent:
            raise errors.MalformedRequest("", "the body did not arrive in time") from None
        pieces = Pieces.of(body, self._context.slices)
        if await are_several(pieces, len(body)):
            await self._endpoint.publish(request, pieces)
            return
        bind = partial(bind_request, route, captured, request.query, body)
        message = await self._context.slices.apart(len(body), bind)
        answer = await self._context.upstream.unary(route, message, metadata, deadline_s)
        await request.reply(render_response(answer))

    async def _subscribe(self, request: Request, found: Found) -> None:
        metadata = request_metadata(request.headers)
        form = preferred(request.list_header(b"accept"), _FORMATS) or LINES
        names = {*OWN, *BOUNDS, LAST_ID} if form is EVENTS else {*OWN, *BOUNDS}
        query, own = split_query(request.query, names)
        message = bind_request(*found, query)
        assert isinstance(message, pb.SubscribeRequest)
        select(message, own)
        if form in _AS_THE_SYSTEMS_PRINT and not message.payload_format:
            message.payload_format = pb.PAYLOAD_FORMAT_JSON
        if form is EVENTS:
            # Some clients cannot set headers, and repeat the last id in the query.
            in_query = next((value for name, value in own if name == LAST_ID), "")
            if in_header := request.header(b"last-event-id"):
                _resume(message, "last-event-id", in_header)
            elif in_query:
                _resume(message, LAST_ID, in_query)
        if bounded := bounded_read(message, own):
            stream = self._reads.stream(request, bounded, form, _STREAM_HEADERS)
            await while_connected(request, stream)
            return
        if not form.is_endless:
            problem = f"{form.media_type} needs follow=false, limit or until_time: it has an end"
            raise errors.MalformedRequest("follow", problem)
        await while_connected(request, self._stream(request, message, metadata, form))

    async def _stream(
        self,
        request: Request,
        message: pb.SubscribeRequest,
        metadata: Metadata,
        form: Format,
    ) -> None:
        credential = tuple(entry for entry in metadata if entry[0] == "authorization")
        try:
            reader, printer = await self._open(message, credential, form)
        except Failure as error:
            await request.reply(render_error(error))
            return
        try:
            kind = (b"content-type", form.content_type.encode("ascii"))
            log_id = (b"tidings-log-id", reader.log_id.encode("ascii", "replace"))
            await request.start(200, (kind, *_STREAM_HEADERS, log_id))
            if request.method != "HEAD":
                await self._pump(request, reader, printer)
            await request.end()
        finally:
            reader.close()

    async def _open(
        self, message: pb.SubscribeRequest, credential: Metadata, form: Format
    ) -> tuple[Reader[bytes], Printer]:
        """Return a reader and its printer; opened again if the log is not the last one's."""
        now_s = time.time()  # noqa: TID251 - an edge; a second more or less is no matter
        while True:
            printer = form.printer(self._log_id)
            key = key_of(message, printer, credential, now_s)
            reader = await self._context.streams.read(key, message)
            # without log_id: a reader that was ended at once, since the gateway drains
            if not reader.log_id or form.printer(reader.log_id) == printer:
                return reader, printer
            self._log_id = reader.log_id
            reader.close()

    async def _pump(self, request: Request, reader: Reader[bytes], printer: Printer) -> None:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + _FAR_S
        while (chunk := await reader.take(until_s, request.writer)) is not None:
            if chunk:
                await request.write(chunk)
            else:
                until_s = loop.time() + _FAR_S
        if reader.failure is not None:
            await request.write(printer.failure(reader.failure))


def key_of(
    message: pb.SubscribeRequest, renderer: Renderer[bytes], credential: Metadata, now_s: float
) -> StreamKey[bytes]:
    """Return the key of a request: all of it except its start.

    A start time in the future is a part of it: until then other readers at the head get records
    that this one must not get.
    """
    selection = pb.SubscribeRequest()
    selection.CopyFrom(message)
    if message.from_time.seconds < now_s - _CLOCKS_S:
        selection.ClearField("start")
    selection.ClearField("log_id")
    return StreamKey(renderer, selection.SerializeToString(deterministic=True), credential)


def _allowed(methods: Collection[str]) -> tuple[str, ...]:
    implied = {"OPTIONS", "HEAD"} if "GET" in methods else {"OPTIONS"}
    return tuple(sorted(implied.union(methods)))


async def _refuse_method(request: Request, allow: tuple[str, ...]) -> None:
    await request.reply(render_miss(request.method, allow))


def _kind(request: Request) -> str:
    return (request.header(b"content-type") or "").partition(";")[0].strip().lower()


def _resume(message: pb.SubscribeRequest, name: str, last_event_id: str) -> None:
    """Resume for a browser: it repeats its first request and adds the last id that it has seen.

    Raises:
        MalformedRequest: the id, from the parameter or header of this name, is no position.
    """
    if not (last_event_id.isascii() and last_event_id.isdecimal()) or len(last_event_id) > 19:
        raise errors.MalformedRequest(name, "not a position")
    message.after_seq = int(last_event_id)
