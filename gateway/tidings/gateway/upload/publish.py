"""Publishing over HTTP: objects in a system's own spelling, each answered with a line.

POST or PUT, one object, one a line, or one array; the body may be endless, and the answers come
while it is still being sent. A bad object is answered with its error and stores nothing; the upload
goes on.
"""

from __future__ import annotations

from collections.abc import Callable

from tidings.gateway.door import Context
from tidings.gateway.http.request import Request
from tidings.gateway.transcode.errors import MalformedRequest, WrongMethod
from tidings.gateway.transcode.metadata import Metadata, request_metadata
from tidings.gateway.transcode.query import parse_query
from tidings.gateway.transcode.render import render_error, render_miss
from tidings.gateway.upload.callers import may_not_publish
from tidings.gateway.upload.pieces import Pieces
from tidings.gateway.upload.spelling import Spelling
from tidings.gateway.upload.upload import Upload

_METHODS = ("POST", "PUT")
# After the client's deadline: for the answers to what came before it.
_LAST_ANSWERS_S = 10.0
# A part of keys, which have at most 512 bytes, beside an index and a digest.
_MAX_SOURCE_BYTES = 256


class PublishEndpoint:
    """One system's publishing path. Shared by all uploads; holds no state of them.

    `credential` finds the caller's token where the system's clients put it; without one there
    `Authorization` counts as it came.
    """

    def __init__(
        self,
        context: Context,
        spelling: Spelling,
        credential: Callable[[Request], Metadata] | None = None,
    ) -> None:
        self._context = context
        self._spelling = spelling
        self._credential = credential

    async def publish(self, request: Request, pieces: Pieces | None = None) -> None:
        """Answer one upload; its objects are given where its body has been read."""
        if request.method == "OPTIONS":
            await request.reply(render_miss("OPTIONS", ("OPTIONS", *_METHODS)))
            return
        if request.method not in _METHODS:
            await request.reply(render_error(WrongMethod(request.method, _METHODS)))
            return
        try:
            source = _source(request.query)
            metadata = self._metadata(request)
        except MalformedRequest as error:
            await request.reply(render_error(error))
            return
        if pieces is None and (
            refused := await may_not_publish(self._context.upstream, request, metadata)
        ):
            await request.reply(render_error(refused))
            return
        request.move_timer(_LAST_ANSWERS_S)
        await Upload(self._context, request, self._spelling, source, metadata, pieces).run()

    def _metadata(self, request: Request) -> Metadata:
        metadata = request_metadata(request.headers)
        own = self._credential(request) if self._credential is not None else ()
        if not own:
            return metadata
        return (*own, *(entry for entry in metadata if entry[0] != "authorization"))


def _source(query: bytes) -> str:
    """Return the one parameter that publishing has.

    Raises:
        MalformedRequest: it is given twice or is too long, or there is another one.
    """
    source = ""
    for name, value in parse_query(query):
        if name != "source":
            raise MalformedRequest(name, "unknown query parameter")
        if source:
            raise MalformedRequest(name, "given more than once")
        source = value or ""
        if len(source.encode()) > _MAX_SOURCE_BYTES:
            raise MalformedRequest(name, f"longer than {_MAX_SOURCE_BYTES} bytes")
    return source
