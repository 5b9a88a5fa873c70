"""Nomad's door: GET /v1/event/stream, and the lines of it taken back at /v1/publish/nomad.

Beside them what clients of the stream ask first: GET /v1/regions and /v1/status/leader.
"""

from __future__ import annotations

import asyncio
import math

import grpc

from tidings.gateway.door import Context, Handler
from tidings.gateway.doors.nomad.lines import HEARTBEAT, SPELLING, NomadLines
from tidings.gateway.doors.nomad.paths import PATHS
from tidings.gateway.doors.nomad.query import BadStreamQuery, StreamQuery, parse_stream_query
from tidings.gateway.http.request import JSON_TYPE, Request, text_reply, while_connected
from tidings.gateway.json_text import dumps
from tidings.gateway.live.reader import Reader
from tidings.gateway.live.stream_key import StreamKey
from tidings.gateway.transcode.errors import TranscodeError
from tidings.gateway.transcode.metadata import Metadata
from tidings.gateway.transcode.render import Reply
from tidings.gateway.upload.publish import PublishEndpoint
from tidings.gateway.upstream.credentials import bearer, bearer_of
from tidings.gateway.upstream.failures import Failure
from tidings.v1.json_runtime import Json

STREAM_PATH = PATHS.path("nomad_stream")
REGIONS_PATH = PATHS.path("nomad_regions")
LEADER_PATH = PATHS.path("nomad_leader")
PUBLISH_PATH = PATHS.path("publish_nomad_post")

_VARY = (b"vary", b"Accept-Encoding")
_HEADERS = (
    JSON_TYPE,
    (b"cache-control", b"no-cache"),
    _VARY,
    # The body ends with the connection, so that a client whose stream ended does not reuse a
    # connection that is being closed.
    (b"connection", b"close"),
)

_Code = grpc.StatusCode
_DENIED = text_reply(403, "Permission denied", _VARY)
_NO_REGION = text_reply(500, "No path to region", _VARY)


class NomadDoor:
    """Speaks Nomad's event stream. Shared by all requests; stateless."""

    name = "nomad"
    paths = PATHS

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lines = NomadLines()
        self._endpoint = PublishEndpoint(context, SPELLING, credential_of)

    def handler(self, request: Request) -> Handler | None:
        """Return the handler for the stream, what its clients request first, and publishing."""
        return {
            STREAM_PATH: self._stream,
            REGIONS_PATH: self._regions,
            LEADER_PATH: self._leader,
            STREAM_PATH + b"/": _nothing_here,
            PUBLISH_PATH: self._endpoint.publish,
        }.get(request.path)

    def unknown(self, request: Request) -> Handler | None:
        """Return None: unknown paths below /v1/ are answered as Consul does."""
        del request
        return None

    async def refuse(self, request: Request, error: TranscodeError) -> None:
        """Answer an error of the gateway's own rules: bare text, as all of Nomad's errors."""
        await request.reply(text_reply(error.http_status, str(error), _VARY))

    async def _regions(self, request: Request) -> None:
        """Answer the one region that this server is."""
        await _answer(request, [self._context.settings.nomad_region])

    async def _leader(self, request: Request) -> None:
        """Answer that there is a leader: the address that the request came to."""
        await _answer(request, request.header(b"host") or request.server)

    async def _stream(self, request: Request) -> None:
        if request.method != "GET":
            await request.reply(text_reply(405, "Invalid method", _VARY))
            return
        try:
            query = parse_stream_query(request.query)
        except BadStreamQuery as error:
            await request.reply(text_reply(400, str(error), _VARY))
            return
        await while_connected(request, self._serve(request, query))

    async def _serve(self, request: Request, query: StreamQuery) -> None:
        credential = credential_of(request)
        if query.region not in ("", self._context.settings.nomad_region):
            await request.reply(await self._elsewhere(credential))
            return
        subscribe = query.request()
        selection = query.request()
        selection.ClearField("start")
        key = StreamKey(self._lines, selection.SerializeToString(deterministic=True), credential)
        try:
            reader = await self._context.streams.read(key, subscribe)
        except Failure as error:
            await request.reply(print_error(error))
            return
        try:
            await self._pump(request, reader)
        finally:
            reader.close()

    async def _elsewhere(self, credential: Metadata) -> Reply:
        """Answer for another region.

        Nomad checks in this order: the token, the region, what the token may read.
        """
        try:
            whose = await self._context.mode.authenticate(credential)
        except Failure as error:
            return print_error(error)
        return _DENIED if whose is not None and whose.HasField("problem") else _NO_REGION

    async def _pump(self, request: Request, reader: Reader[bytes]) -> None:
        loop = asyncio.get_running_loop()
        every_s = self._context.settings.nomad_heartbeat
        beat_s = loop.time() + every_s
        await request.start(200, _HEADERS)
        await request.write(HEARTBEAT)
        while (chunk := await reader.take(beat_s, request.writer)) is not None:
            if chunk:
                await request.write(chunk)
            late_s = loop.time() - beat_s
            if late_s >= 0:
                # Fixed rate: events do not shift it, and missed beats are not made up.
                beat_s += every_s * (1 + math.floor(late_s / every_s))
                await request.write(HEARTBEAT)
        await request.end()


def credential_of(request: Request) -> Metadata:
    """Return the caller's token as call metadata, nothing without one.

    X-Nomad-Token counts first, trimmed; then `Authorization: Bearer`, the scheme in any case, of
    which the first word after it counts.

    Source: Nomad 2.0 command/agent/http.go, `parseToken`.
    """
    token = (request.header(b"x-nomad-token") or "").strip()
    return bearer(token or bearer_of(request))


def print_error(error: Failure) -> Reply:
    """Print why the service refused a stream, in Nomad's spelling."""
    code, text = error.code(), error.details() or ""
    if code in (_Code.PERMISSION_DENIED, _Code.UNAUTHENTICATED):
        return _DENIED
    if code in (_Code.UNAVAILABLE, _Code.DEADLINE_EXCEEDED):
        # A Nomad agent's answer without a leader. Source: Nomad structs.ErrNoLeader.
        return text_reply(500, "No cluster leader", _VARY)
    if code is _Code.INVALID_ARGUMENT:
        return text_reply(400, text, _VARY)
    if code is _Code.RESOURCE_EXHAUSTED:
        return text_reply(429, text, _VARY)
    return text_reply(500, text, _VARY)


async def _answer(request: Request, value: Json) -> None:
    if request.method == "GET":
        await request.reply(Reply(200, (JSON_TYPE, _VARY), dumps(value)))
    else:
        await request.reply(text_reply(405, "Invalid method", _VARY))


async def _nothing_here(request: Request) -> None:
    await request.reply(text_reply(404, "", _VARY))
