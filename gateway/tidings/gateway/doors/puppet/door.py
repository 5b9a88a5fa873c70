"""Puppet Orchestrator's door: GET /orchestrator/v1/jobs/<id>/events."""

from __future__ import annotations

from functools import partial

import grpc

from tidings.gateway.door import Context, Handler
from tidings.gateway.doors.puppet.jobs import PrintedJob, PrintedJobs
from tidings.gateway.doors.puppet.lines import SPELLING
from tidings.gateway.doors.puppet.paths import PATHS
from tidings.gateway.doors.puppet.query import (
    EVENTS_PATH,
    UNKNOWN_JOB_KIND,
    BadJobQuery,
    JobQuery,
    error_body,
    job_of,
    parse_job_query,
    parse_pairs,
)
from tidings.gateway.http.request import JSON_TYPE, Request
from tidings.gateway.json_text import dumps
from tidings.gateway.single_flight import SingleFlight
from tidings.gateway.transcode.errors import TranscodeError
from tidings.gateway.transcode.metadata import Metadata
from tidings.gateway.transcode.render import Reply
from tidings.gateway.upload.callers import problem_with
from tidings.gateway.upload.publish import PublishEndpoint
from tidings.gateway.upstream.credentials import bearer
from tidings.gateway.upstream.failures import Failure, problem_of
from tidings.v1 import event_service_pb2 as pb

PUBLISH_PATH = PATHS.path("publish_puppet_post")

_PAGE = 10_000
_AT_ONCE = 100
_DEADLINE_S = 30.0
_METHODS = ("GET", "HEAD")
_NO_JOB = 0  # not the number of any job
_Code = grpc.StatusCode
_UNKNOWN_PATH = error_body("puppetlabs.orchestrator/not-found", "Unknown path", {})


class PuppetDoor:
    """Speaks the Orchestrator's job events. Shared by all requests; caches what it has printed."""

    name = "puppet"
    paths = PATHS

    def __init__(self, context: Context) -> None:
        self._context = context
        self._jobs = PrintedJobs()
        self._looks: SingleFlight[PrintedJob] = SingleFlight()
        self._endpoint = PublishEndpoint(context, SPELLING, credential_of)

    def handler(self, request: Request) -> Handler | None:
        """Return the handler for a job's events, and for publishing them."""
        if request.path == PUBLISH_PATH:
            return self._endpoint.publish
        return self._answer if job_of(request.raw_path) is not None else None

    def unknown(self, request: Request) -> Handler | None:
        """Return the handler for all other paths of the Orchestrator."""
        return self._nothing_here if request.path.startswith(b"/orchestrator/") else None

    async def refuse(self, request: Request, error: TranscodeError) -> None:
        """Answer an error of the gateway's own rules, as Puppet's error object."""
        kind = self._context.settings.puppet_validation_kind
        if error.http_status != 400:
            kind = "puppetlabs.orchestrator/unknown-error"
        if error.http_status == 403:
            kind = "puppetlabs.orchestrator/not-permitted"
        body = error_body(kind, str(error), {})
        await request.reply(Reply(error.http_status, (JSON_TYPE,), body))

    async def _answer(self, request: Request) -> None:
        if request.method not in _METHODS:
            allow = (b"allow", ", ".join(_METHODS).encode("ascii"))
            body = error_body(
                "puppetlabs.orchestrator/method-not-allowed", f"{request.method} is not allowed", {}
            )
            await self._turn_away(request, Reply(405, (JSON_TYPE, allow), body))
            return
        job = job_of(request.raw_path)
        assert job is not None
        credential = credential_of(request)
        try:
            query = parse_job_query(job, request.query)
        except BadJobQuery as error:
            await request.reply(await self._refusal(error, credential))
            return
        try:
            printed = await self._looks.ask(
                (query.job, credential), partial(self._printed, query.job, credential)
            )
        except Failure as error:
            await request.reply(print_error(error, job))
            return
        body = self._body(request, query, printed)
        await request.reply(Reply(200, (JSON_TYPE,), body))

    async def _nothing_here(self, request: Request) -> None:
        await self._turn_away(request, Reply(404, (JSON_TYPE,), _UNKNOWN_PATH))

    async def _turn_away(self, request: Request, reply: Reply) -> None:
        """Answer a request that cannot succeed, after the token is checked, as Puppet does."""
        problem = await problem_with(self._context.mode, credential_of(request))
        if problem:
            reply = Reply(401, (JSON_TYPE,), _unauthenticated(problem))
        await request.reply(reply)

    async def _refusal(self, error: BadJobQuery, credential: Metadata) -> Reply:
        """Print what is wrong with a query, after the service has checked the token.

        Puppet checks tokens before anything else.
        """
        try:
            await self._page(_NO_JOB, 0, "", credential)
        except Failure as failure:
            if failure.code() is not _Code.INVALID_ARGUMENT:
                return print_error(failure, "")
        kind = self._context.settings.puppet_validation_kind
        body = error_body(kind, str(error), {error.name: error.value})
        return Reply(400, (JSON_TYPE,), body)

    async def _printed(self, job: int, credential: Metadata) -> PrintedJob:
        """Return the job as it is now; only its new events are read and printed.

        Raises:
            grpc.aio.AioRpcError: there is no such job, or the service refused or stayed away.
        """
        kept = self._jobs.get(job)
        try:
            if kept is not None:
                answer = await self._page(job, kept.next_id, "", credential)
                if answer.log_id != kept.log_id:
                    kept = None
            if kept is None:
                answer = await self._page(job, 0, "", credential)
                kept = PrintedJob(answer.log_id)
        except Failure as error:
            if error.code() is _Code.NOT_FOUND:
                self._jobs.forget(job)
            raise
        kept.drop_before(int(answer.oldest_id))
        await self._add(kept, answer)
        while answer.next_page_token:
            answer = await self._page(job, 0, answer.next_page_token, credential)
            await self._add(kept, answer)
        self._jobs.put(job, kept)
        return kept

    async def _add(self, kept: PrintedJob, answer: pb.GetJobEventsResponse) -> None:
        """Print a page in time slices: a long job must not block the event loop.

        Concurrent readers of a job may print the same events; they count once.
        """
        for at in range(0, len(answer.items), _AT_ONCE):
            kept.add(answer.items[at : at + _AT_ONCE])
            await self._context.slices.step()

    async def _page(
        self, job: int, start: int, token: str, credential: Metadata
    ) -> pb.GetJobEventsResponse:
        request = pb.GetJobEventsRequest(
            job_id=str(job),
            start=str(start) if start else "",
            page_size=_PAGE,
            page_token=token,
        )
        return await self._context.upstream.get_job_events(request, credential, _DEADLINE_S)

    def _body(self, request: Request, query: JobQuery, printed: PrintedJob) -> bytes:
        start = query.start or 0
        # A client that follows this link sees each event once: it starts past the last one, or
        # where it was.
        following = max(printed.next_id, start)
        link = f"{self._base(request)}{EVENTS_PATH.fill(str(query.job))}?start={following}"
        links = dumps({"id": link, "event": str(following)})
        return printed.body(b'{"next-events":' + links + b",", start)

    def _base(self, request: Request) -> str:
        base = self._context.settings.puppet_base_url
        if base:
            return base.rstrip("/")
        host = request.header(b"host") or "localhost"
        return f"{request.scheme}://{host}"


def credential_of(request: Request) -> Metadata:
    """Return the caller's token as call metadata: X-Authentication, else ?token=; empty is absent.

    Source: Puppet's RBAC client middleware.
    """
    token = request.header(b"x-authentication") or ""
    if not token:
        token = next((value for name, value in parse_pairs(request.query) if name == "token"), "")
    return bearer(token)


def print_error(error: Failure, job: str) -> Reply:
    """Print why the service refused, in Puppet's spelling."""
    code = error.code()
    if code in (
        _Code.NOT_FOUND,
        _Code.INVALID_ARGUMENT,
    ):  # the latter of an integer that no job has
        body = error_body(UNKNOWN_JOB_KIND, f"Unknown job {job}", {"job": job})
        return Reply(404, (JSON_TYPE,), body)
    if code is _Code.UNAUTHENTICATED:
        return Reply(401, (JSON_TYPE,), _unauthenticated(problem_of(error)))
    if code is _Code.PERMISSION_DENIED:
        body = error_body("puppetlabs.orchestrator/not-permitted", "Not permitted")
        return Reply(403, (JSON_TYPE,), body)
    status = 503 if code in (_Code.UNAVAILABLE, _Code.DEADLINE_EXCEEDED) else 500
    body = error_body("puppetlabs.orchestrator/unknown-error", error.details() or "", {})
    return Reply(status, (JSON_TYPE,), body)


def _unauthenticated(problem: str) -> bytes:
    kind, msg = {
        "expired": ("token-expired", "The provided token has expired."),
        "revoked": ("token-revoked", "The provided token has been revoked."),
        "unknown": ("invalid-token", "The provided token is invalid."),
        "invalid": ("invalid-token", "The provided token is invalid."),
    }.get(problem, ("user-unauthenticated", "Route requires authentication"))
    return error_body(f"puppetlabs.rbac/{kind}", msg)
