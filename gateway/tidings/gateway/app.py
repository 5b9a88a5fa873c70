"""The ASGI application: finds the door of a path, and answers unknown paths."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from urllib.parse import parse_qsl

import grpc
import structlog
from google.rpc import status_pb2

from tidings.gateway.access_log import AccessLine, shown_path
from tidings.gateway.admission import Gate
from tidings.gateway.console_page import Console, is_asked_for
from tidings.gateway.door import Context, Door, Handler, SocketDoor
from tidings.gateway.doors import packages
from tidings.gateway.http import preferences
from tidings.gateway.http.body_coding import ACCEPTED, decoder_for
from tidings.gateway.http.proxies import TrustedProxies
from tidings.gateway.http.request import (
    JSON_TYPE,
    TEXT_TYPE,
    ClientGone,
    Event,
    Receive,
    Request,
    Send,
)
from tidings.gateway.http.websocket import BROKEN, NORMAL, Socket
from tidings.gateway.json_text import dumps
from tidings.gateway.openapi import PUBLISH_PREFIX, openapi_document
from tidings.gateway.own_paths import OWN_PATHS
from tidings.gateway.readiness import Finding, are_ready, listed, look
from tidings.gateway.tracing import end_span
from tidings.gateway.transcode.errors import NoSuchPath, TimeIsUp, TranscodeError, WrongMethod
from tidings.gateway.transcode.metadata import requested_deadline
from tidings.gateway.transcode.render import Reply, render_error
from tidings.gateway.transcode.status import render_status
from tidings.gateway.upstream import origin
from tidings.gateway.upstream.request_ids import REQUEST_ID, TRACE, begin, go_on
from tidings.gateway.versions import versions

_log = structlog.get_logger("tidings.gateway")

_METRICS_TYPE = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")


def load_doors(context: Context) -> tuple[Door, ...]:
    """Return every door, by name."""
    return tuple(package.Door(context) for package in packages())


_ONE_CHECK = OWN_PATHS.template("readyz_check")
_WORDS = {200: b'{"status":"ready"}', 503: b'{"status":"not ready"}'}

# Methods whose body, if there is one, is ignored.
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})

Found = tuple[str, Door | None, Handler]


class App:
    """All doors as one ASGI application. Unexpected errors are handled here.

    `host` is the name or address that operators serve it at.
    """

    def __init__(self, context: Context, host: str) -> None:
        self._context = context
        self._doors = load_doors(context)
        self._socket_doors = [door for door in self._doors if isinstance(door, SocketDoor)]
        settings = context.settings
        self._proxies = TrustedProxies(settings.http_trusted_proxies)
        hosts = (*settings.http_allow_host, host)
        self._gate = Gate(context.mode, settings.http_allow_origin, hosts)
        self._document = b""  # made on the first request
        self._console = Console()
        self._own = {
            OWN_PATHS.path("healthz"): self._health,
            OWN_PATHS.path("readyz"): self._readiness,
            OWN_PATHS.path("version"): _tell_version,
            OWN_PATHS.path("metrics"): self._metrics,
            OWN_PATHS.path("openapi"): self._openapi,
        }

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """Answer one request or one websocket."""
        socket: Socket | None = None
        if scope["type"] == "websocket":
            socket = Socket.of(scope, receive, send)
            request = socket.request
        else:
            assert scope["type"] == "http", scope["type"]
            send = preferences.honouring(scope["headers"], send)
            request = Request.of(scope, receive, send)
        request.request_id, trace = begin(request.headers)
        span = None
        if self._context.tracer is not None:
            span = self._context.tracer.begin("HTTP", "server", parent=trace)
            trace = span.traceparent
            go_on(request.request_id, trace)
        request.extra_headers = ((REQUEST_ID.encode(), request.request_id.encode()),)
        if trace:
            request.extra_headers += ((TRACE.encode(), trace.encode()),)
        request.unread_s = self._context.settings.http_silence
        self._proxies.look_behind(request)
        request.hold = self._context.budget.hold(request.peer)
        metrics = self._context.metrics
        metrics.open_requests.inc()
        line = AccessLine(request)
        name, door = "none", None
        try:
            name, door, handle = self._find_socket(socket) if socket else self._find(request)
            line.door = name
            origin.begin(name, request.peer)
            early = await self._gate.pass_through(request)
            await (_in_time(request, handle) if early is None else request.reply(early))
        except ClientGone:
            pass
        except TranscodeError as error:
            with contextlib.suppress(ClientGone):
                await _end(door, request, error, socket)
        except Exception:  # noqa: BLE001 - the edge: `_fail` logs it
            with contextlib.suppress(ClientGone):
                await self._fail(request)
                if socket:
                    await socket.close(BROKEN)
        finally:
            request.hold.close()
            metrics.open_requests.dec()
            line.end(metrics)
            if span is not None:
                end_span(span, request, name)

    def _find(self, request: Request) -> Found:
        for door in self._doors:
            if handler := door.handler(request):
                return door.name, door, handler
        if own := self._own.get(request.path):
            return "own", None, own
        if _ONE_CHECK.match(request.raw_path):
            return "own", None, self._one_check
        if is_asked_for(request):
            return "own", None, self._console.answer
        for door in self._doors:
            if handler := door.unknown(request):
                return door.name, door, handler
        return "none", None, _unknown

    def takes_socket(self, raw_path: bytes) -> bool:
        """Return whether a raw path is one of a websocket; elsewhere a handshake is a request."""
        return any(door.takes_socket(raw_path) for door in self._socket_doors)

    def _find_socket(self, socket: Socket) -> Found:
        (door,) = (
            each for each in self._socket_doors if each.takes_socket(socket.request.raw_path)
        )
        return door.name, door, _of_socket(door, socket)

    async def _health(self, request: Request) -> None:
        await _own_reply(request, 200, b'{"status":"healthy"}')

    async def _readiness(self, request: Request) -> None:
        asked = parse_qsl(request.query.decode("latin-1"), keep_blank_values=True)
        findings = await self._look(frozenset(value for key, value in asked if key == "exclude"))
        status = 200 if are_ready(findings) else 503
        if "verbose" in dict(asked):
            await _own_reply(request, status, listed(findings), TEXT_TYPE)
        else:
            await _own_reply(request, status, _WORDS[status])

    async def _one_check(self, request: Request) -> None:
        (name,) = _ONE_CHECK.match(request.raw_path) or ("",)
        findings = [each for each in await self._look() if each.name == name]
        if not findings:
            await _unknown(request)
            return
        status = 200 if findings[0].reason is None else 503
        await _own_reply(request, status, _WORDS[status])

    async def _look(self, excluded: Collection[str] = ()) -> list[Finding]:
        is_draining = self._context.draining.is_set()
        return await look(self._context.upstream, excluded, is_draining=is_draining)

    async def _metrics(self, request: Request) -> None:
        if request.method not in ("GET", "HEAD"):
            await request.reply(render_error(WrongMethod(request.method, ("GET", "HEAD"))))
            return
        page = await self._context.metrics.page()
        await request.reply(Reply(200, (_METRICS_TYPE,), page))

    async def _openapi(self, request: Request) -> None:
        if not self._document:
            said = (*(door.paths for door in self._doors), OWN_PATHS)
            self._document = dumps(openapi_document(said))
        await _own_reply(request, 200, self._document)

    async def _fail(self, request: Request) -> None:
        """Log an unexpected error; the caller gets only the id to look for in the log.

        After the head was sent the connection is aborted, so that the answer is not taken for
        complete.
        """
        _log.exception(
            "request failed",
            request_id=request.request_id,
            method=request.method,
            path=shown_path(request.path),  # never the query: it may hold a token
        )
        if request.started:
            return
        number: int = grpc.StatusCode.INTERNAL.value[0]
        status = status_pb2.Status(
            code=number, message=f"internal error, request {request.request_id}"
        )
        await request.reply(Reply(500, (JSON_TYPE,), render_status(status)))


def _of_socket(door: SocketDoor, socket: Socket) -> Handler:
    async def handle(request: Request) -> None:
        assert request is socket.request
        await door.serve_socket(socket)

    return handle


async def _refuse(door: Door | None, request: Request, error: TranscodeError) -> None:
    if door is None or request.path.startswith(PUBLISH_PREFIX):
        await request.reply(render_error(error))
    else:
        await door.refuse(request, error)


async def _in_time(request: Request, handle: Handler) -> None:
    """Handle a request within its Grpc-Timeout, with its body decoded.

    Raises:
        TranscodeError: that header is malformed, or the body is encoded in an unknown way.
        TimeIsUp: the handler was cancelled.
    """
    time_s = requested_deadline(request.headers)
    if request.method not in _WITHOUT_BODY:
        request.extra_headers += (ACCEPTED,)
        request.decoder = decoder_for(request.headers)
        request.extra_headers = request.extra_headers[:-1]
    if time_s is not None:
        request.ends_at_s = asyncio.get_running_loop().time() + time_s
    try:
        async with asyncio.timeout_at(request.ends_at_s) as request.timer:
            await handle(request)
    except TimeoutError:
        if request.timer is None or not request.timer.expired():
            raise
        raise TimeIsUp from None


async def _end(
    door: Door | None, request: Request, error: TranscodeError, socket: Socket | None
) -> None:
    """Refuse; or end an answer that has begun, cleanly if the client's deadline has passed."""
    is_over = isinstance(error, TimeIsUp)
    if not request.started:
        await _refuse(door, request, error)
    elif socket is not None:
        await socket.close(NORMAL if is_over else BROKEN)
    elif is_over and not request.has_length:
        await request.end_soon()
    else:
        await request.cut(at_once=True)


async def _own_reply(
    request: Request, status: int, body: bytes, kind: tuple[bytes, bytes] = JSON_TYPE
) -> None:
    if request.method in ("GET", "HEAD"):
        await request.reply(Reply(status, (kind,), body))
    else:
        await request.reply(render_error(WrongMethod(request.method, ("GET", "HEAD"))))


async def _tell_version(request: Request) -> None:
    await _own_reply(request, 200, dumps(versions()))


async def _unknown(request: Request) -> None:
    await request.reply(render_error(NoSuchPath()))
