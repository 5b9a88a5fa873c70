"""Docker Cloud's door: the websocket GET /api/audit/v1/[<namespace>/]events[/]."""

from __future__ import annotations

import asyncio
import contextlib

from tidings.gateway.door import Context, Handler
from tidings.gateway.doors.docker_cloud import refusals
from tidings.gateway.doors.docker_cloud.credential import (
    credential_of,
    user_of,
)
from tidings.gateway.doors.docker_cloud.frames import (
    GAP,
    SPELLING,
    DockerCloudFrames,
    error_message,
)
from tidings.gateway.doors.docker_cloud.paths import PATHS
from tidings.gateway.doors.docker_cloud.query import parse_events_query, parse_namespace
from tidings.gateway.http.request import Request, while_connected
from tidings.gateway.http.websocket import COME_AGAIN, Socket
from tidings.gateway.live.reader import Reader
from tidings.gateway.live.stream_key import StreamKey
from tidings.gateway.transcode.errors import TranscodeError
from tidings.gateway.transcode.render import Reply
from tidings.gateway.upload.publish import PublishEndpoint
from tidings.gateway.upstream.failures import Failure
from tidings.v1 import event_service_pb2 as pb

PUBLISH_PATH = PATHS.path("publish_docker_cloud_post")

_FAR_S = 3600.0


class DockerCloudDoor:
    """Speaks Docker Cloud's stream of audit events. Shared by all requests; stateless."""

    name = "docker_cloud"
    paths = PATHS

    def __init__(self, context: Context) -> None:
        self._context = context
        self._frames = DockerCloudFrames()
        self._endpoint = PublishEndpoint(context, SPELLING, credential_of)

    def handler(self, request: Request) -> Handler | None:
        """Return the handler for publishing, and for a stream's path without a handshake."""
        if request.path == PUBLISH_PATH:
            return self._endpoint.publish
        return self._answer_plainly if parse_namespace(request.raw_path) is not None else None

    def takes_socket(self, raw_path: bytes) -> bool:
        """Say whether a path is one of the stream's."""
        return parse_namespace(raw_path) is not None

    def unknown(self, request: Request) -> Handler | None:
        """Return the handler for other paths that a client of this API would ask for.

        Wherever /api/audit/ stands in them: clients may put a prefix before it.
        """
        return self._nothing_here if b"/api/audit/" in request.path else None

    async def refuse(self, request: Request, error: TranscodeError) -> None:
        """Answer an error of the gateway's own rules; a foreign page gets 401.

        Only 401 stops clients that reconnect at once, for ever.
        """
        reply = refusals.refusal(error.http_status, str(error))
        await self._refuse(request, refusals.UNAUTHORIZED if reply.status == 403 else reply)

    async def _nothing_here(self, request: Request) -> None:
        await self._refuse(request, refusals.NOT_FOUND)

    async def _answer_plainly(self, request: Request) -> None:
        """Refuse a request that is no handshake; a caller that may not read gets 401 first."""
        if request.method != "GET":
            await self._refuse(request, refusals.WRONG_METHOD)
            return

        async def work() -> None:
            reader = await self._open(request)
            if isinstance(reader, Reader):
                reader.close()
                await self._refuse(request, refusals.NO_HANDSHAKE)
            else:
                await self._refuse(request, reader)

        await while_connected(request, work())

    async def serve_socket(self, socket: Socket) -> None:
        """Answer a handshake with the stream, or refuse it."""
        await while_connected(socket.request, self._serve(socket))

    async def _serve(self, socket: Socket) -> None:
        request = socket.request
        reader = await self._open(request)
        if isinstance(reader, Reply):
            await self._refuse(request, reader)
            return
        try:
            # open the stream first: nothing published after the handshake's answer is missed
            loop = asyncio.get_running_loop()
            await reader.begin(loop.time() + _FAR_S)
            first = await reader.take(loop.time())
            if first is None:
                await self._refuse(request, _why_nothing(reader))
                return
            await socket.accept()
            await self._pump(socket, reader, first)
        finally:
            reader.close()

    async def _open(self, request: Request) -> Reader[tuple[str, ...]] | Reply:
        """Return a reader of new events, or why there is none."""
        namespace = parse_namespace(request.raw_path)
        assert namespace is not None
        credential = credential_of(request)
        try:
            whose = await self._context.mode.authenticate(credential)
        except Failure as error:
            return refusals.print_failure(error)
        if whose is not None:
            user = user_of(request, whose)
            # Without a namespace it is the user's own, so the caller must have a name.
            namespace = namespace or user or ""
            if user is None or not namespace:
                return refusals.UNAUTHORIZED
        selection = parse_events_query(namespace, request.query).request()
        selected = selection.SerializeToString(deterministic=True)
        key = StreamKey(self._frames, selected, credential)
        subscribe = pb.SubscribeRequest.FromString(selected)
        subscribe.position = pb.START_POSITION_LATEST
        try:
            return await self._context.streams.read(key, subscribe)
        except Failure as error:
            return refusals.print_failure(error)

    async def _pump(
        self, socket: Socket, reader: Reader[tuple[str, ...]], frames: tuple[str, ...] | None
    ) -> None:
        loop = asyncio.get_running_loop()
        while frames is not None:
            if GAP in frames:
                await socket.write(frames[: frames.index(GAP) + 1])
                await socket.close(COME_AGAIN)
                return
            await socket.write(frames)
            frames = await reader.take(loop.time() + _FAR_S, socket.writer)
        is_draining = self._context.draining.is_set()
        code, text = refusals.end_of(reader.failure, is_draining=is_draining)
        if text:
            await socket.write((error_message(text),))
        await socket.close(code)

    async def _refuse(self, request: Request, reply: Reply) -> None:
        """Refuse; all but 401 after a pause, since the Python SDK reconnects at once, for ever."""
        if reply.status != 401:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._context.settings.docker_cloud_pause_s):
                    await self._context.draining.wait()
        if request.method == "HEAD":
            reply = Reply(reply.status, reply.headers, b"")
        await request.reply(reply)


def _why_nothing(reader: Reader[tuple[str, ...]]) -> Reply:
    return refusals.GOING_DOWN if reader.failure is None else refusals.print_failure(reader.failure)
