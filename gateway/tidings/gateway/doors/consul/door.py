"""Consul's door: PUT /v1/event/fire/<name>, GET /v1/event/list, and the agent's own name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from google.api import httpbody_pb2

from tidings.gateway import golang
from tidings.gateway.door import Context, Handler
from tidings.gateway.doors.consul import replies
from tidings.gateway.doors.consul.default_policy import DefaultPolicy
from tidings.gateway.doors.consul.lines import SPELLING
from tidings.gateway.doors.consul.paths import PATHS
from tidings.gateway.doors.consul.printed import PrintedLists
from tidings.gateway.doors.consul.query import (
    FIRE_PREFIX,
    ListQuery,
    Refused,
    parse_fire,
    parse_list_query,
    redirect_target,
)
from tidings.gateway.golang import Query
from tidings.gateway.http.request import ClientGone, Request, while_connected
from tidings.gateway.http.request_body import BodySilent, whole_body
from tidings.gateway.single_flight import SingleFlight
from tidings.gateway.transcode.errors import Busy, MalformedRequest, TooLarge, TranscodeError
from tidings.gateway.transcode.metadata import Metadata
from tidings.gateway.transcode.render import Reply
from tidings.gateway.upload.callers import is_nobody
from tidings.gateway.upload.publish import PublishEndpoint
from tidings.gateway.upstream.credentials import bearer, bearer_of
from tidings.gateway.upstream.failures import Failure
from tidings.v1 import event_service_pb2 as pb

LIST_PATH = PATHS.path("consul_list")
SELF_PATH = PATHS.path("consul_self")
PUBLISH_PATH = PATHS.path("publish_consul_post")

# Source: Consul 1.21: longest wait of a blocking query, and the default without a wait (the docs' 5
# minutes, which its Python clients count on). The service applies them; here they bound the call.
_MAX_WAIT_S = 600.0
_DEFAULT_WAIT_S = 300.0
_SLACK_S = 30.0
# After the end of a wait, for the answer to arrive.
_LATE_S = 1.0

# None = the client has left.
Endpoint = Callable[[Request, Query], Awaitable[Reply | None]]


class ConsulDoor:
    """Speaks Consul's user events. Shared by all requests; stateless."""

    name = "consul"
    paths = PATHS

    def __init__(self, context: Context) -> None:
        self._context = context
        self._default_policy = DefaultPolicy(context)
        self._printed = PrintedLists(context.slices)
        self._looks: SingleFlight[Reply] = SingleFlight()
        self._endpoint = PublishEndpoint(context, SPELLING, credential_of)
        self._endpoints: dict[bytes, tuple[str, Endpoint]] = {
            LIST_PATH: ("GET", self._list),
            SELF_PATH: ("GET", self._self),
        }

    def handler(self, request: Request) -> Handler | None:
        """Return the handler for Consul's paths, matched as Go's router does."""
        path = request.path
        if path == PUBLISH_PATH:
            return self._endpoint.publish
        if path in self._endpoints or path.startswith(FIRE_PREFIX):
            return self._answer
        return None

    def unknown(self, request: Request) -> Handler | None:
        """Return the handler for all other paths below /v1/, once they are cleaned."""
        is_ours = golang.clean_path(request.path).startswith(b"/v1/")
        return self._nothing_here if is_ours else None

    async def refuse(self, request: Request, error: TranscodeError) -> None:
        """Answer an error of the gateway's own rules: bare text, as all of Consul's errors."""
        await request.reply(replies.error_reply(error.http_status, str(error)))

    async def _answer(self, request: Request) -> None:
        if elsewhere := _elsewhere(request):
            await request.reply(elsewhere)
            return
        reply: Reply | None = None
        try:
            # Concurrently: while the service is unavailable, both wait for it.
            async with asyncio.TaskGroup() as tasks:
                asking = tasks.create_task(self._default_policy.headers())
                reply = await self._reply(request)
        except* ClientGone:
            pass
        if reply is not None:
            headers = (*reply.headers, *asking.result())
            await replies.send(request, Reply(reply.status, headers, reply.body))

    async def _reply(self, request: Request) -> Reply | None:
        try:
            query = golang.parse_query_strictly(request.query)
        except golang.BadQuery:
            return replies.unparsable_query()
        method, endpoint = self._endpoints.get(request.path, ("PUT", self._fire))
        if request.method != method:
            return replies.wrong_method(request.method, method)
        try:
            return await endpoint(request, query)
        except Refused as error:
            return replies.error_reply(error.status, error.text)

    async def _fire(self, request: Request, query: Query) -> Reply:
        settings = self._context.settings
        credential = credential_of(request, query)
        if refused := await is_nobody(
            self._context.upstream, self._context.mode, request, credential
        ):
            return replies.failure_reply(refused, is_fire=True)
        try:
            payload = await whole_body(request, settings.http_body_size, settings.http_silence)
        except TooLarge as error:
            text = f"Request body too large, max size: {error.limit_bytes} bytes"
            raise Refused(413, text) from None
        except Busy as error:
            raise Refused(503, str(error)) from None
        except MalformedRequest as error:
            raise Refused(400, str(error)) from None
        except BodySilent:
            raise Refused(408, "Request body did not arrive in time") from None
        # After the body: an answer before its end may reset the client's connection.
        fire = parse_fire(request.path, query, settings.consul_datacenter)
        fire.payload.CopyFrom(httpbody_pb2.HttpBody(data=payload))
        try:
            response = await self._context.upstream.fire(fire, credential)
        except Failure as error:
            return replies.failure_reply(error, is_fire=True)
        fired = replies.event_object(response.event)
        return replies.json_reply(fired, pretty="pretty" in query)

    async def _list(self, request: Request, query: Query) -> Reply | None:
        wanted = parse_list_query(query)
        return await while_connected(request, self._listed(request, query, wanted))

    async def _listed(self, request: Request, query: Query, wanted: ListQuery) -> Reply:
        credential = credential_of(request, query)
        printing = partial(
            self._printed.reply,
            is_anonymous=not credential,
            pretty="pretty" in query,
            takes_gzip=replies.takes_gzip(request),
        )
        try:
            if wanted.index:
                return await printing(await self._held(wanted, credential))
            return await self._looks.ask(
                (wanted.name, credential, *printing.keywords.values()),
                partial(self._look, wanted, credential, printing),
            )
        except Failure as error:
            return replies.failure_reply(error, is_fire=False)

    async def _look(
        self,
        wanted: ListQuery,
        credential: Metadata,
        printing: Callable[[pb.ListResponse], Awaitable[Reply]],
    ) -> Reply:
        response = await self._context.upstream.list(wanted.request(), credential, _SLACK_S)
        return await printing(response)

    async def _held(self, wanted: ListQuery, credential: Metadata) -> pb.ListResponse:
        """Return the list after a blocking query; while draining, the list as it is now.

        Raises:
            grpc.aio.AioRpcError: the service refused, or stayed away.
        """
        hold_s = min(wanted.wait_ns / 1e9 or _DEFAULT_WAIT_S, _MAX_WAIT_S)
        hold_s = hold_s if hold_s > 0 else _MAX_WAIT_S
        async with asyncio.TaskGroup() as tasks:
            listing = tasks.create_task(self._try(wanted, credential, hold_s + _SLACK_S))
            draining = tasks.create_task(self._context.draining.wait())
            # The service ends the wait itself, but a call that was retried began it again.
            await asyncio.wait(
                (listing, draining), timeout=hold_s + _LATE_S, return_when=asyncio.FIRST_COMPLETED
            )
            draining.cancel()
            if not listing.done():
                listing.cancel()
        if listing.cancelled():
            at_once = ListQuery(wanted.name, 0, 0)
            return await self._context.upstream.list(at_once.request(), credential, _SLACK_S)
        outcome = listing.result()
        if isinstance(outcome, Failure):
            raise outcome
        return outcome

    async def _try(
        self, wanted: ListQuery, credential: Metadata, deadline_s: float
    ) -> pb.ListResponse | Failure:
        try:
            return await self._context.upstream.list(wanted.request(), credential, deadline_s)
        except Failure as error:
            return error

    async def _self(self, request: Request, query: Query) -> Reply:
        del request
        settings = self._context.settings
        config = {
            "Datacenter": settings.consul_datacenter,
            "PrimaryDatacenter": settings.consul_datacenter,
            "NodeName": settings.consul_node_name,
            "Server": True,
        }
        # Nomad has this path too. Each system's clients read only its own members.
        name, region = settings.consul_node_name, settings.nomad_region
        value = {
            "Config": config,
            "config": {"Datacenter": settings.consul_datacenter, "Region": region},
            "member": {
                "Name": f"{name}.{region}",
                "Status": "alive",
                "Tags": {"region": region, "role": "nomad"},
            },
            "stats": {"nomad": {"leader": "true", "server": "true"}},
        }
        return replies.json_reply(value, pretty="pretty" in query)

    async def _nothing_here(self, request: Request) -> None:
        await request.reply(_elsewhere(request) or replies.not_found())


def _elsewhere(request: Request) -> Reply | None:
    """Return the answer to a path that Go's router does not match, or redirects."""
    if not golang.is_printable(request.path):
        return replies.not_printable()
    location = redirect_target(request.path, request.query)
    return None if location is None else replies.redirect_reply(request.method, location)


def credential_of(request: Request, query: Query | None = None) -> Metadata:
    """Return the caller's token as call metadata, nothing without one.

    `?token=` counts first, then X-Consul-Token, then `Authorization: Bearer`, the scheme in any
    case, of which the first word after it counts.

    Source: Consul 1.21 agent/http.go, `parseTokenInternal`.
    """
    token = query.first("token") if query is not None else ""
    token = token or (request.header(b"x-consul-token") or "").strip()
    return bearer(token or bearer_of(request))
