"""The ASGI application: finds the door of a path, and answers for paths that are nobody's."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import pkgutil
import secrets
from urllib.parse import parse_qsl

import grpc
import structlog
from google.rpc import status_pb2

from tidings.gateway import doors
from tidings.gateway.admission import Gate
from tidings.gateway.door import Door, Handler, House, SocketDoor
from tidings.gateway.http.body_coding import ACCEPTED, decoder_for
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
from tidings.gateway.openapi import openapi_document
from tidings.gateway.own_paths import OWN_PATHS
from tidings.gateway.readiness import are_ready, listed, look
from tidings.gateway.transcode.errors import NoSuchPath, TimeIsUp, TranscodeError, WrongMethod
from tidings.gateway.transcode.metadata import requested_deadline
from tidings.gateway.transcode.render import Reply, render_error
from tidings.gateway.transcode.status import render_status
from tidings.gateway.upstream.access_mode import AccessMode

_log = structlog.get_logger("tidings.gateway")

# Of all systems; its answers are lines of our own.
_PUBLISH = b"/v1/publish/"
_METRICS_TYPE = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")


def load_doors(house: House) -> tuple[Door, ...]:
    """Return every door of the folder, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(doors.__path__))
    modules = [importlib.import_module(f"{doors.__name__}.{name}") for name in names]
    return tuple(module.make(house) for module in modules)


# Methods whose body, if there is one, means nothing.
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})

Found = tuple[str, Door | None, Handler]


class App:
    """All doors as one ASGI application. Unforeseen errors stop here."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._doors = load_doors(house)
        self._socket_doors = [door for door in self._doors if isinstance(door, SocketDoor)]
        settings = house.settings
        mode = AccessMode(house.upstream, house.draining)
        self._gate = Gate(mode, settings.allow_origins, settings.allow_hosts)
        self._document = b""  # once somebody has asked for it
        self._own = {
            b"/healthz": self._health,
            b"/readyz": self._readiness,
            b"/metrics": self._metrics,
            b"/openapi.json": self._openapi,
        }

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """Answer one request or one websocket."""
        socket: Socket | None = None
        if scope["type"] == "websocket":
            socket = Socket.of(scope, receive, send)
            request = socket.request
        else:
            assert scope["type"] == "http", scope["type"]
            request = Request.of(scope, receive, send)
        request.unread_s = self._house.settings.silence_s
        request.hold = self._house.budget.hold(request.peer)
        metrics = self._house.metrics
        metrics.open_requests.inc()
        name, door = "none", None
        try:
            name, door, handle = self._find_socket(socket) if socket else self._find(request)
            early = await self._gate.pass_through(request)
            await (_in_time(request, handle) if early is None else request.reply(early))
        except ClientGone:
            pass
        except TranscodeError as error:
            with contextlib.suppress(ClientGone):
                await _end(door, request, error, socket)
        except Exception:  # noqa: BLE001 - the edge: `_stumble` logs it
            with contextlib.suppress(ClientGone):
                await self._stumble(request)
                if socket:
                    await socket.close(BROKEN)
        finally:
            request.hold.close()
            metrics.open_requests.dec()
            metrics.requests.labels(door=name, status=f"{request.status // 100}xx").inc()

    def _find(self, request: Request) -> Found:
        for door in self._doors:
            if handler := door.handler(request):
                return door.name, door, handler
        if own := self._own.get(request.path):
            return "own", None, own
        for door in self._doors:
            if handler := door.unknown(request):
                return door.name, door, handler
        return "none", None, _nobody

    def takes_socket(self, raw_path: bytes) -> bool:
        """Say whether a raw path is one of a websocket; no other comes here as one."""
        return any(door.takes_socket(raw_path) for door in self._socket_doors)

    def _find_socket(self, socket: Socket) -> Found:
        (door,) = (
            each for each in self._socket_doors if each.takes_socket(socket.request.raw_path)
        )
        return door.name, door, _of_socket(door, socket)

    async def _health(self, request: Request) -> None:
        await _own_reply(request, 200, b'{"status":"healthy"}')

    async def _readiness(self, request: Request) -> None:
        is_draining = self._house.draining.is_set()
        findings = await look(self._house.upstream, is_draining=is_draining)
        status = 200 if are_ready(findings) else 503
        if "verbose" in dict(parse_qsl(request.query.decode("latin-1"), keep_blank_values=True)):
            await _own_reply(request, status, listed(findings), TEXT_TYPE)
        else:
            word = b"ready" if status == 200 else b"not ready"
            await _own_reply(request, status, b'{"status":"%s"}' % word)

    async def _metrics(self, request: Request) -> None:
        if request.method not in ("GET", "HEAD"):
            await request.reply(render_error(WrongMethod(request.method, ("GET", "HEAD"))))
            return
        await request.reply(Reply(200, (_METRICS_TYPE,), self._house.metrics.page()))

    async def _openapi(self, request: Request) -> None:
        if not self._document:
            said = (*(door.paths for door in self._doors), OWN_PATHS)
            self._document = dumps(openapi_document(said))
        await _own_reply(request, 200, self._document)

    async def _stumble(self, request: Request) -> None:
        """Log what nobody foresaw, and show the caller nothing of it but where to look.

        After the head has gone out the connection breaks, which is what says that it is no end.
        """
        request_id = secrets.token_hex(8)
        path = request.path.decode("utf-8", "replace")  # never the query: it may hold a token
        _log.exception("request failed", id=request_id, method=request.method, path=path)
        if request.started:
            return
        number: int = grpc.StatusCode.INTERNAL.value[0]
        status = status_pb2.Status(code=number, message=f"internal error, request {request_id}")
        await request.reply(Reply(500, (JSON_TYPE,), render_status(status)))


def _of_socket(door: SocketDoor, socket: Socket) -> Handler:
    async def handle(request: Request) -> None:
        assert request is socket.request
        await door.serve_socket(socket)

    return handle


async def _refuse(door: Door | None, request: Request, error: TranscodeError) -> None:
    if door is None or request.path.startswith(_PUBLISH):
        await request.reply(render_error(error))
    else:
        await door.refuse(request, error)


async def _in_time(request: Request, handle: Handler) -> None:
    """Handle a request, for as long as its Grpc-Timeout says, with a body that is decoded.

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
    """Refuse, or where the answer has begun end it: in order when the client's time is up."""
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


async def _nobody(request: Request) -> None:
    await request.reply(render_error(NoSuchPath()))
