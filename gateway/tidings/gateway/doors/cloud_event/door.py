"""The door of CloudEvents: /v1/cloudevents and /v1/publish/cloudevents, in all three modes."""

from __future__ import annotations

from tidings.gateway.door import Context, Handler
from tidings.gateway.doors.cloud_event.binary_mode import is_binary, structured
from tidings.gateway.doors.cloud_event.lines import SPELLING
from tidings.gateway.doors.cloud_event.paths import PATHS
from tidings.gateway.http.request import Request
from tidings.gateway.http.request_body import BodySilent, whole_body
from tidings.gateway.transcode.errors import MalformedRequest, TranscodeError
from tidings.gateway.transcode.metadata import request_metadata
from tidings.gateway.transcode.render import render_error
from tidings.gateway.upload.callers import may_not_publish
from tidings.gateway.upload.pieces import Pieces
from tidings.gateway.upload.publish import PublishEndpoint

_PATHS = frozenset({PATHS.path("publish_cloudevents_post"), PATHS.path("cloudevents_post")})


class CloudEventDoor:
    """Takes CloudEvents. Shared by all requests; holds no state of them."""

    name = "cloud_event"
    paths = PATHS

    def __init__(self, context: Context) -> None:
        self._context = context
        self._endpoint = PublishEndpoint(context, SPELLING)

    def handler(self, request: Request) -> Handler | None:
        """Return the handler that takes events; those in binary mode are converted first."""
        if request.path not in _PATHS:
            return None
        is_event = request.method in {"POST", "PUT"} and is_binary(request.headers)
        return self._take_binary if is_event else self._endpoint.publish

    def unknown(self, request: Request) -> Handler | None:
        """Return None: there are no other paths below these."""
        del request
        return None

    async def refuse(self, request: Request, error: TranscodeError) -> None:
        """Answer an error of the gateway's own rules."""
        await request.reply(render_error(error))

    async def _take_binary(self, request: Request) -> None:
        settings = self._context.settings
        metadata = request_metadata(request.headers)
        if refused := await may_not_publish(self._context.upstream, request, metadata):
            await request.reply(render_error(refused))
            return
        try:
            body = await whole_body(request, settings.http_body_size, settings.http_silence)
        except BodySilent:
            raise MalformedRequest("", "the body did not arrive in time") from None
        event = structured(request.headers, body)
        await self._endpoint.publish(request, Pieces.of(event, self._context.slices))
