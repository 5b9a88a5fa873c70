"""One upload in progress: objects from a body, their drafts to the service, a line for each."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from tidings.gateway.door import Context
from tidings.gateway.http.request import ClientGone, Request
from tidings.gateway.http.request_body import BodySilent, next_piece
from tidings.gateway.transcode.errors import Busy, MalformedRequest
from tidings.gateway.transcode.metadata import Metadata
from tidings.gateway.transcode.render import LINES_TYPE, Reply, render_error
from tidings.gateway.upload.answer_lines import (
    AnswerLines,
    Unread,
    outcome_of,
    refused_line,
    refused_status,
    result_line,
)
from tidings.gateway.upload.draft_stream import MAX_UNANSWERED, DraftStream, refusal_by
from tidings.gateway.upload.limits import (
    MAX_HELD,
    MAX_OBJECT_BYTES,
    MAX_RECORD_BYTES,
)
from tidings.gateway.upload.pieces import Pieces
from tidings.gateway.upload.spelling import BadLine, Spelling
from tidings.gateway.upload.splitter import Piece
from tidings.gateway.upstream.failures import Failure
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb

_HEADERS = ((b"content-type", LINES_TYPE.encode("ascii")), (b"cache-control", b"no-cache"))


@dataclass(frozen=True, slots=True)
class _Entry:
    """One object in progress. `problem` is why it is refused here, `status` its own status.

    Objects that are refused here are not sent to the service.
    """

    line: int
    problem: str = ""
    status: int = 400


class _ArrayTooLarge(Exception):
    """An array that is to be stored from its end cannot be held that long."""


class Upload:
    """One upload: its objects go into a DraftStream, whose results come back as lines.

    A bad object keeps its place here: it is answered after those before it. Callers that may not
    publish get no errors about objects: if the first one is bad, the service is asked. `pieces` are
    given where the body has been read.
    """

    def __init__(
        self,
        context: Context,
        request: Request,
        spelling: Spelling,
        source: str,
        metadata: Metadata,
        pieces: Pieces | None = None,
    ) -> None:
        self._context = context
        self._request = request
        self._spelling = spelling
        self._source = source
        self._open_call = partial(context.upstream.publish_stream, metadata)
        self._drafts = DraftStream(self._open_call, partial(self._open_call, once_it_stores=True))
        max_bytes = min(context.settings.http_body_size, MAX_OBJECT_BYTES)
        self._pieces = pieces or Pieces(self._chunk, context.slices, max_bytes)
        self._entries: deque[_Entry] = deque()
        self._count = 0
        self._is_admitted = False  # the caller may publish, and lines go out
        self._has_ended = False
        self._held: list[Piece] = []
        self._held_bytes = 0
        self._lines = AnswerLines(request, context.settings.http_silence)
        self._is_answered = False  # by a whole reply, instead of lines
        self._is_cut = False  # some of what arrived, or will arrive, is not answered
        self._outcomes = Counter[str]()
        self._progress = asyncio.Event()  # another object, or the end
        self._answered = asyncio.Event()

    async def run(self) -> None:
        """Take the body and answer it, as far as the client and the service allow."""
        try:
            async with asyncio.TaskGroup() as tasks:
                uploading = tasks.create_task(self._upload())
                writing = tasks.create_task(self._lines.run())
                helping = (
                    uploading,
                    tasks.create_task(self._drafts.run()),
                    tasks.create_task(self._end_on_drain(uploading)),
                )
                await self._answer(uploading)
                await self._lines.finish()
                await writing
                if self._is_cut:
                    await self._request.cut()
                elif not self._is_answered:
                    await self._request.end()
                for task in helping:
                    task.cancel()
        except* ClientGone:
            pass
        except* Unread:
            await self._request.cut(at_once=True)
        finally:
            self._drafts.cancel()
            self._request.logged.update(objects=self._count, **self._outcomes)

    async def _upload(self) -> None:
        settings = self._context.settings
        try:
            while (piece := await self._pieces.take()) is not None:
                await self._take(piece)
            for piece in reversed(self._held):
                await self._hand_in(piece)
                await self._context.slices.step()
        except BodySilent:
            problem = f"nothing came for {settings.http_silence:g} s"
            await self._add(_Entry(self._count + 1, problem, 408))
        except Busy as error:
            self._is_cut = True
            await self._add(_Entry(self._count + 1, str(error), 503))
        except MalformedRequest as error:  # it does not have its declared encoding
            await self._add(_Entry(self._count + 1, str(error)))
        except _ArrayTooLarge as error:
            await self._add(_Entry(self._count + 1, str(error), 413))
        finally:
            self._has_ended = True
            self._progress.set()
            self._drafts.finish()

    async def _end_on_drain(self, uploading: asyncio.Task[None]) -> None:
        """Take no more once the gateway drains, or after the client's deadline."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._request.ends_at_s):
                await self._context.draining.wait()
        self._is_cut |= not self._has_ended
        uploading.cancel()

    async def _chunk(self) -> bytes | None:
        """Return the next chunk of the body, after counting what is held of those before it.

        Raises:
            Busy: there is no room for it.
        """
        if self._request.hold is not None:
            inside = self._pieces.held_bytes + self._held_bytes + self._drafts.size_bytes
            await self._request.hold.resize(inside + self._lines.unread_bytes)
        return await next_piece(self._request, self._context.settings.http_silence)

    async def _take(self, piece: Piece) -> None:
        """Add a piece, or hold it where an array is to be stored from its end."""
        if not (self._spelling.newest_first and self._pieces.is_array):
            await self._hand_in(piece)
            return
        limit_bytes = self._context.settings.http_body_size
        self._held_bytes += len(piece.text)
        if self._held_bytes > limit_bytes:
            raise _ArrayTooLarge(f"the array is larger than {limit_bytes} bytes")
        if len(self._held) == MAX_HELD:
            raise _ArrayTooLarge(f"the array has more than {MAX_HELD} elements")
        self._held.append(piece)

    async def _hand_in(self, piece: Piece) -> None:
        problem, is_too_large = piece.problem, piece.is_too_large
        draft: event_pb2.Draft | None = None
        if not problem:
            try:
                parse = partial(self._spelling.parse, piece.text, self._source)
                draft = await self._context.slices.apart(len(piece.text), parse)
            except BadLine as error:
                problem = str(error)
        if draft is not None and (size_bytes := draft.ByteSize()) > MAX_RECORD_BYTES:
            # in the service's words, which might not accept it at all
            problem = f"events: {size_bytes} bytes, at most {MAX_RECORD_BYTES} are allowed"
            is_too_large = True
        if problem:
            await self._add(_Entry(piece.line, problem, 413 if is_too_large else 400))
        elif draft is not None:
            await self._add(_Entry(piece.line), draft)

    async def _add(self, entry: _Entry, draft: event_pb2.Draft | None = None) -> None:
        await self._lines.room()
        self._count += 1
        self._entries.append(entry)
        self._progress.set()
        if draft is not None:
            await self._drafts.add(draft)
            return
        if self._is_admitted:
            self._lines.add(b"".join(self._refused_here()))
        await self._until_fewer()

    def _refused_here(self) -> Iterator[bytes]:
        """Take the next entries that are refused here; return their lines."""
        while self._entries and self._entries[0].problem:
            entry = self._entries.popleft()
            self._outcomes["refused"] += 1
            yield refused_line(entry.line, entry.problem)
        self._answered.set()

    async def _until_fewer(self) -> None:
        """Wait while too many objects have no answer."""
        while len(self._entries) >= 2 * MAX_UNANSWERED:
            self._answered.clear()
            await self._answered.wait()

    async def _answer(self, uploading: asyncio.Task[None]) -> None:
        try:
            await self._begin()
            while results := await self._drafts.take():
                await self._tell(results)
                await self._lines.room()
        except Failure as error:
            self._is_cut |= not self._has_ended
            uploading.cancel()
            await self._break_off(error)
        if not self._request.started:  # nothing but heartbeats
            await self._request.start(200, _HEADERS)

    async def _begin(self) -> None:
        """Answer a first object that is bad, if the caller may publish at all.

        Raises:
            grpc.aio.AioRpcError: it may not, or the service stayed away.
        """
        while not self._count and not self._has_ended:
            await self._until_progress()
        if not self._entries or not self._entries[0].problem:
            return
        if refusal := await refusal_by(self._open_call):
            raise refusal
        if await self._is_lone():
            await self._answer_lone(self._entries[0].status, b"".join(self._refused_here()))
        else:
            await self._admit()

    async def _admit(self) -> None:
        await self._request.start(200, _HEADERS)
        self._is_admitted = True
        self._lines.add(b"".join(self._refused_here()))

    async def _answer_lone(self, status: int, line: bytes) -> None:
        self._is_answered, self._is_cut = True, False
        await self._request.reply(Reply(status, _HEADERS, line))

    async def _tell(self, results: Sequence[pb.PublishResult]) -> None:
        self._outcomes.update(map(outcome_of, results))
        if not self._is_admitted:
            is_refused = len(results) == 1 and results[0].HasField("error")
            if is_refused and await self._is_lone():
                line = result_line(self._entries.popleft().line, results[0])
                await self._answer_lone(refused_status(results[0]), line)
                return
            await self._admit()
        lines: list[bytes] = []
        for result in results:
            lines.append(result_line(self._entries.popleft().line, result))
            lines += self._refused_here()
        self._lines.add(b"".join(lines))

    async def _is_lone(self) -> bool:
        """Wait until it is known whether the first object is the only one."""
        while self._count < 2 and not self._has_ended:
            await self._until_progress()
        return self._count == 1

    async def _until_progress(self) -> None:
        self._progress.clear()
        await self._progress.wait()

    async def _break_off(self, error: Failure) -> None:
        if not self._request.started:
            self._is_answered, self._is_cut = True, False
            await self._request.reply(render_error(error))
            return
        reason = f"{error.details()}; it may or may not be stored"
        lines = [refused_line(entry.line, entry.problem or reason) for entry in self._entries]
        self._entries.clear()
        self._lines.add(b"".join(lines))
