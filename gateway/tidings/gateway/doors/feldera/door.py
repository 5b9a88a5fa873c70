"""Feldera's door: GET /v0/cluster/events[/{event_id}], and related paths."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import unquote

import grpc

from tidings.gateway.door import Context, Handler
from tidings.gateway.doors.feldera import printing
from tidings.gateway.doors.feldera.lines import SPELLING
from tidings.gateway.doors.feldera.paths import PATHS
from tidings.gateway.doors.feldera.query import (
    BadSelector,
    canonical_id,
    parse_selector,
    why_no_uuid,
)
from tidings.gateway.http.request import JSON_TYPE, TEXT_TYPE, Request, text_reply
from tidings.gateway.json_text import dumps
from tidings.gateway.transcode.errors import TranscodeError
from tidings.gateway.transcode.metadata import Metadata
from tidings.gateway.transcode.render import Reply
from tidings.gateway.upload.callers import problem_with
from tidings.gateway.upload.publish import PublishEndpoint
from tidings.gateway.upstream.credentials import bearer, bearer_of
from tidings.gateway.upstream.failures import Failure, flaw_of, problem_of
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.feldera_pb2 import (
    FELDERA_FIELDS_ALL,
    FELDERA_FIELDS_STATUS,
    FelderaClusterEvent,
    FelderaFields,
)

LIST_PATH = PATHS.path("feldera_events")
HEALTH_PATH = PATHS.path("feldera_health")
CONFIG_PATH = PATHS.path("feldera_config")
PUBLISH_PATH = PATHS.path("publish_feldera_post")
EVENT_PATH = PATHS.template("feldera_event")
LATEST = "latest"

_API_KEY = "apikey:"

# why a JWT is rejected, in Feldera's words
_REJECTIONS = {
    "expired": "ExpiredSignature",
    "signature": "InvalidSignature",
    "audience": "InvalidAudience",
    "issuer": "InvalidIssuer",
}
_DEADLINE_S = 30.0
_Code = grpc.StatusCode

Endpoint = Callable[[Request], Awaitable[Reply]]


class FelderaDoor:
    """Speaks Feldera's cluster events. Shared by all requests; stateless."""

    name = "feldera"
    paths = PATHS

    def __init__(self, context: Context) -> None:
        self._context = context
        self._endpoint = PublishEndpoint(context, SPELLING, credential_of)
        self._endpoints: dict[bytes, Endpoint] = {
            LIST_PATH: self._list,
            HEALTH_PATH: self._health,
            CONFIG_PATH: self._config,
        }

    def handler(self, request: Request) -> Handler | None:
        """Return the handler for Feldera's paths; nothing is normalised, as in Feldera."""
        if request.path == PUBLISH_PATH:
            return self._endpoint.publish
        known = request.raw_path in self._endpoints or EVENT_PATH.match(request.raw_path)
        return self._answer if known else None

    def unknown(self, request: Request) -> Handler | None:
        """Return the handler for all other paths below /v0/: an empty 404."""
        return self._nothing_here if request.path.startswith(b"/v0/") else None

    async def refuse(self, request: Request, error: TranscodeError) -> None:
        """Answer an error of the gateway's own rules, as Feldera's error object."""
        status = error.http_status
        await request.reply(printing.error(status, printing.code_of(status), str(error), {}))

    async def _answer(self, request: Request) -> None:
        is_companion = request.raw_path in (HEALTH_PATH, CONFIG_PATH)
        if request.method != "GET" and not (request.method == "HEAD" and is_companion):
            message = f"{request.method} is not allowed here"
            reply = printing.error(403, "InsufficientPermissions", message)
        else:
            endpoint = self._endpoints.get(request.raw_path, self._get)
            try:
                reply = await endpoint(request)
            except Failure as error:
                reply = print_failure(error, request)
        await request.reply(reply)

    async def _nothing_here(self, request: Request) -> None:
        """Answer an empty 404, after the credential is checked, as Feldera does."""
        problem = await problem_with(self._context.mode, credential_of(request))
        reply = _unauthorized(bearer_of(request), problem) if problem else Reply(404, (), b"")
        await request.reply(reply)

    async def _list(self, request: Request) -> Reply:
        events = await self._events(request)
        return printing.answer([printing.event_object(each, is_whole=False) for each in events])

    async def _get(self, request: Request) -> Reply:
        found = EVENT_PATH.match(request.raw_path)
        assert found is not None
        event_id = unquote(found[0])
        try:
            fields = parse_selector(request.query)
        except BadSelector as error:
            return await self._refusal(request, error)
        try:
            event = await self._event(request, event_id, fields)
        except Failure as error:
            return print_event_failure(error, event_id, request)
        is_whole = fields == FELDERA_FIELDS_ALL
        return printing.answer(printing.event_object(event, is_whole=is_whole))

    async def _refusal(self, request: Request, error: BadSelector) -> Reply:
        """Print what is wrong with a selector, after the service has checked the credential.

        Feldera checks credentials before the query.
        """
        await self._check_may_read(request)
        return text_reply(400, str(error))

    async def _check_may_read(self, request: Request) -> None:
        try:
            await self._event(request, LATEST, FELDERA_FIELDS_STATUS)
        except Failure as failure:
            if failure.code() is not _Code.NOT_FOUND:
                raise

    async def _health(self, request: Request) -> Reply:
        # Only the statuses of all events: with their texts 1000 might not fit into a message.
        try:
            latest = await self._event(request, LATEST, FELDERA_FIELDS_ALL)
        except Failure as error:
            return print_event_failure(error, LATEST, request)
        return printing.health(latest, await self._events(request))

    async def _config(self, request: Request) -> Reply:
        """Return what clients request first: the edition and the version."""
        await self._check_may_read(request)
        value = {
            "telemetry": "",
            "edition": "Open source",
            "version": self._context.settings.feldera_version,
            "revision": "",
            "runtime_revision": "",
            "changelog_url": "",
            "license_validity": None,
            "update_info": None,
            "unstable_features": None,
        }
        return Reply(200, (JSON_TYPE,), dumps(value))

    async def _event(
        self, request: Request, event_id: str, fields: FelderaFields.ValueType
    ) -> FelderaClusterEvent:
        wanted = pb.GetClusterEventRequest(event_id=event_id, fields=fields)
        answer = await self._context.upstream.get_cluster_event(
            wanted, credential_of(request), _DEADLINE_S
        )
        return answer.event

    async def _events(self, request: Request) -> list[FelderaClusterEvent]:
        wanted = pb.ListClusterEventsRequest(fields=FELDERA_FIELDS_STATUS)
        answer = await self._context.upstream.list_cluster_events(
            wanted, credential_of(request), _DEADLINE_S
        )
        return list(answer.events)


def credential_of(request: Request) -> Metadata:
    """Return the caller's API key or JWT as call metadata; "apikey:" before a key goes."""
    return bearer(bearer_of(request).removeprefix(_API_KEY))


def print_event_failure(error: Failure, event_id: str, request: Request) -> Reply:
    """Print why one event was not returned."""
    if error.code() is _Code.INVALID_ARGUMENT:
        details = {"value": event_id, "error": why_no_uuid(event_id)}
        message = f"Invalid event id {event_id!r}: {details['error']}"
        return printing.error(400, "InvalidUuidParam", message, details)
    if error.code() is not _Code.NOT_FOUND:
        return print_failure(error, request)
    if event_id == LATEST:
        return _none_available()
    canonical = canonical_id(event_id)
    message = (
        f"Unknown cluster monitor event {canonical}: it never existed, or was cleaned up"
        " (events are kept for 72h, and at most 1000 of them)"
    )
    return printing.error(404, "UnknownClusterMonitorEvent", message, {"event_id": canonical})


def print_failure(error: Failure, request: Request) -> Reply:
    """Print why the service refused a request, in Feldera's spelling."""
    code, text = error.code(), error.details() or ""
    if code is _Code.UNAUTHENTICATED:
        return _unauthorized(bearer_of(request), flaw_of(error) or problem_of(error))
    if code is _Code.PERMISSION_DENIED:
        details = {"required": "read", "actual": "none"}
        return printing.error(403, "InsufficientPermissions", text, details)
    if code in (_Code.UNAVAILABLE, _Code.DEADLINE_EXCEEDED):
        return printing.error(503, "LockTookTooLong", text, {})
    return printing.error(500, "PostgresError", text, {"error": text, "backtrace": ""})


def _unauthorized(token: str, flaw: str) -> Reply:
    """Return Feldera's 401: one for API keys, another for all other credentials."""
    if token.startswith(_API_KEY):
        body = dumps({"error_code": "AuthenticationFailed", "message": "Unauthorized API key"})
        return Reply(401, (TEXT_TYPE,), body)
    why = _REJECTIONS.get(flaw, "InvalidToken")
    challenge = f'Bearer error_description="{why}"' if token else "Bearer"
    return Reply(401, ((b"www-authenticate", challenge.encode("ascii")),), b"")


def _none_available() -> Reply:
    message = "No cluster monitor events are available yet"
    return printing.error(404, "NoClusterMonitorEventsAvailable", message, {})
