"""Publishing over HTTP: objects in a system's own spelling go up, one answer line each comes back.

POST or PUT, one object, one a line, or one array; the body may be endless, and the answers come
while it is still going on. A bad object is answered with its error and stores nothing; the upload
goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import grpc

from tidings.gateway.callers import may_not_publish
from tidings.gateway.door import House
from tidings.gateway.http.request import BodySilent, ClientGone, Request
from tidings.gateway.json_text import dumps
from tidings.gateway.transcode.errors import BadRequest, Busy, WrongMethod
from tidings.gateway.transcode.match import MethodNotAllowed
from tidings.gateway.transcode.metadata import Metadata, request_metadata
from tidings.gateway.transcode.query import parse_query
from tidings.gateway.transcode.render import LINES_TYPE, Reply, render_error, render_miss
from tidings.gateway.upload.answer_lines import AnswerLines, Unread
from tidings.gateway.upload.draft_stream import MAX_UNANSWERED, DraftStream
from tidings.gateway.upload.splitter import JsonSplitter, Piece
from tidings.gateway.upstream.failures import Failure
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb

MAX_OBJECT_BYTES = 8 * 1024**2
"""Of one object's text, which may be longer than the record that it becomes."""

MAX_RECORD_BYTES = 4 * 1024**2 - 128 * 1024
"""Of the record that becomes of it: the service's own limit."""

# Of an array that is stored from its end, and so is held until then.
_MAX_HELD = 65_536

# Of a body, between two looks at whether others wait: milliseconds of work, if all is brackets.
SLICE_BYTES = 8 * 1024

_METHODS = ("POST", "PUT")
# Behind the end of the client's time: for the answers to what came until then.
_LAST_ANSWERS_S = 10.0
_HEADERS = ((b"content-type", LINES_TYPE.encode("ascii")), (b"cache-control", b"no-cache"))
# It is a part of keys, which are 512 bytes at most, beside an index and a digest.
_MAX_SOURCE_BYTES = 256


class BadLine(Exception):
    """An object that cannot be published; the text is for the publisher."""


# Text of an object and source to its draft; None = nothing to store (a heartbeat). Raises BadLine.
Parse = Callable[[bytes, str], event_pb2.Draft | None]


class Intake:
    """One system's publishing path. Shared by all uploads; holds no state of them.

    `credential` finds the caller's token where the system's clients put it; without one there
    `Authorization` counts as it came.
    `newest_first` says that the system's lists begin with the newest: an array is stored from its
    end.
    """

    def __init__(
        self,
        house: House,
        name: str,
        parse: Parse,
        credential: Callable[[Request], Metadata] | None = None,
        *,
        newest_first: bool = False,
    ) -> None:
        self.name = name
        self._newest_first = newest_first
        self._house = house
        self._parse = parse
        self._credential = credential

    async def publish(self, request: Request) -> None:
        """Answer one upload."""
        if request.method == "OPTIONS":
            await request.reply(render_miss("OPTIONS", MethodNotAllowed(("OPTIONS", *_METHODS))))
            return
        if request.method not in _METHODS:
            await request.reply(render_error(WrongMethod(request.method, _METHODS)))
            return
        try:
            source = _source(request.query)
            metadata = self._metadata(request)
        except BadRequest as error:
            await request.reply(render_error(error))
            return
        if refused := await may_not_publish(self._house.upstream, request, metadata):
            await request.reply(render_error(refused))
            return
        request.move_timer(_LAST_ANSWERS_S)
        upload = _Upload(self._house, request, self._parse, source, metadata)
        upload.turns_arrays = self._newest_first
        await upload.run()

    def _metadata(self, request: Request) -> Metadata:
        metadata = request_metadata(request.headers)
        own = self._credential(request) if self._credential is not None else ()
        if not own:
            return metadata
        return (*own, *(entry for entry in metadata if entry[0] != "authorization"))


@dataclass(frozen=True, slots=True)
class _Entry:
    """One object on its way. `problem` is why it is refused here, `status` what it is alone.

    `is_here` says that the service does not hear of it.
    """

    line: int
    problem: str = ""
    status: int = 400
    is_here: bool = False


class _ArrayTooLarge(Exception):
    """An array that is to be stored from its end cannot be held that long."""


class _Upload:
    """One upload: its objects go into a DraftStream, whose results come back as lines.

    An object that is bad here goes to the service as an empty draft, which is always refused: so
    nobody is told of bad lines who may not publish. Once it has answered, others are refused
    here, each when those before it are answered.
    """

    def __init__(
        self, house: House, request: Request, parse: Parse, source: str, metadata: Metadata
    ) -> None:
        self.turns_arrays = False
        self._house = house
        self._request = request
        self._parse = parse
        self._source = source
        self._drafts = DraftStream(
            lambda: house.upstream.publish_stream(metadata),
            lambda: house.upstream.publish_stream(metadata, once_it_stores=True),
        )
        self._entries: deque[_Entry] = deque()
        self._count = 0
        self._is_admitted = False  # the service has answered, and lines go out
        self._has_ended = False
        self._held: list[Piece] = []
        self._held_bytes = 0
        self._lines = AnswerLines(request, house.settings.silence_s)
        self._is_answered = False  # by a whole reply, instead of lines
        self._is_cut = False  # of what came, or is still to come, not all is answered
        self._progress = asyncio.Event()  # another object, or the end
        self._answered = asyncio.Event()

    async def run(self) -> None:
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

    async def _upload(self) -> None:
        settings = self._house.settings
        splitter = JsonSplitter(min(settings.body_bytes, MAX_OBJECT_BYTES))
        turns = self._house.turns
        try:
            while (chunk := await self._request.chunk(settings.silence_s)) is not None:
                for at in range(0, len(chunk), SLICE_BYTES):
                    for piece in splitter.feed(chunk[at : at + SLICE_BYTES]):
                        await self._take(piece, splitter)
                        await turns.give_way()
                    await turns.give_way()
                await self._count_held(splitter)
            for piece in splitter.end():
                await self._take(piece, splitter)
            for piece in reversed(self._held):
                await self._hand_in(piece)
                await turns.give_way()
        except BodySilent:
            problem = f"nothing came for {settings.silence_s:g} s"
            await self._add(_Entry(self._count + 1, problem, 408), event_pb2.Draft())
        except Busy as error:
            self._is_cut = True
            await self._add(_Entry(self._count + 1, str(error), 503), event_pb2.Draft())
        except BadRequest as error:  # it is not encoded as it says
            await self._add(_Entry(self._count + 1, str(error)), event_pb2.Draft())
        except _ArrayTooLarge as error:
            await self._add(_Entry(self._count + 1, str(error), 413), event_pb2.Draft())
        finally:
            self._has_ended = True
            self._progress.set()
            self._drafts.finish()

    async def _end_on_drain(self, uploading: asyncio.Task[None]) -> None:
        """Take no more when all goes down, or when the client's own time is up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._request.ends_at_s):
                await self._house.draining.wait()
        uploading.cancel()

    async def _count_held(self, splitter: JsonSplitter) -> None:
        """Count what is held of the upload.

        Raises:
            Busy: there is no room for it.
        """
        if self._request.hold is not None:
            inside = splitter.held_bytes + self._held_bytes + self._drafts.size_bytes
            await self._request.hold.resize(inside + self._lines.unread_bytes)

    async def _take(self, piece: Piece, splitter: JsonSplitter) -> None:
        """Hand a piece in, or hold it back where an array is to be stored from its end."""
        if not (self.turns_arrays and splitter.is_array):
            await self._hand_in(piece)
            return
        limit_bytes = self._house.settings.body_bytes
        self._held_bytes += len(piece.text)
        if self._held_bytes > limit_bytes:
            raise _ArrayTooLarge(f"the array is larger than {limit_bytes} bytes")
        if len(self._held) == _MAX_HELD:
            raise _ArrayTooLarge(f"the array has more than {_MAX_HELD} elements")
        self._held.append(piece)

    async def _hand_in(self, piece: Piece) -> None:
        problem = piece.problem
        draft: event_pb2.Draft | None = event_pb2.Draft()
        if not problem:
            try:
                parse = partial(self._parse, piece.text, self._source)
                draft = await self._house.turns.apart(len(piece.text), parse)
            except BadLine as error:
                problem = str(error)
        if draft is not None:
            size_bytes = draft.ByteSize()
            is_too_large = piece.is_too_large or size_bytes > MAX_RECORD_BYTES
            if not problem and is_too_large:  # in the service's words; it might not take it at all
                problem = f"events: {size_bytes} bytes, at most {MAX_RECORD_BYTES} are allowed"
                draft = event_pb2.Draft()
            status = 413 if is_too_large else 400
            await self._add(_Entry(piece.line, problem, status), draft)

    async def _add(self, entry: _Entry, draft: event_pb2.Draft) -> None:
        await self._lines.room()
        self._count += 1
        if entry.problem and self._is_admitted:
            self._entries.append(replace(entry, is_here=True))
            self._lines.add(b"".join(self._refused_here()))
            await self._until_fewer()
            return
        self._entries.append(entry)
        self._progress.set()
        await self._drafts.add(draft)

    def _refused_here(self) -> Iterator[bytes]:
        """Take the next entries that the service does not hear of; return their lines."""
        while self._entries and self._entries[0].is_here:
            entry = self._entries.popleft()
            yield _error_line(entry.line, entry.problem)
        self._answered.set()

    async def _until_fewer(self) -> None:
        """Wait while too many objects have no answer."""
        while len(self._entries) >= 2 * MAX_UNANSWERED:
            self._answered.clear()
            await self._answered.wait()

    async def _answer(self, uploading: asyncio.Task[None]) -> None:
        try:
            while results := await self._drafts.take():
                await self._tell(results)
                await self._lines.room()
        except Failure as error:
            self._is_cut = not self._has_ended
            uploading.cancel()
            await self._break_off(error)
        if not self._request.started:  # nothing but heartbeats
            await self._request.start(200, _HEADERS)

    async def _tell(self, results: Sequence[pb.PublishResult]) -> None:
        if not self._is_admitted:
            is_refused = len(results) == 1 and results[0].HasField("error")
            if is_refused and await self._is_lone():
                self._is_answered, self._is_cut = True, False
                entry = self._entries.popleft()
                status = _status(entry, results[0])
                await self._request.reply(Reply(status, _HEADERS, _line(entry, results[0])))
                return
            await self._request.start(200, _HEADERS)
            self._is_admitted = True
        lines: list[bytes] = []
        for result in results:
            lines.append(_line(self._entries.popleft(), result))
            lines += self._refused_here()
        self._lines.add(b"".join(lines))

    async def _is_lone(self) -> bool:
        """Wait until it is known whether the first object is the only one."""
        while self._count < 2 and not self._has_ended:
            self._progress.clear()
            await self._progress.wait()
        return self._count == 1

    async def _break_off(self, error: Failure) -> None:
        if not self._request.started:
            self._is_answered, self._is_cut = True, False
            await self._request.reply(render_error(error))
            return
        reason = f"{error.details()}; it may or may not be stored"
        lines = [_error_line(entry.line, entry.problem or reason) for entry in self._entries]
        self._entries.clear()
        self._lines.add(b"".join(lines))


def _status(entry: _Entry, result: pb.PublishResult) -> int:
    """Return the status of the only object, which was refused here or by the service."""
    too_large: int = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    return 413 if not entry.problem and result.error.code == too_large else entry.status


def _line(entry: _Entry, result: pb.PublishResult) -> bytes:
    if result.HasField("error"):
        return _error_line(entry.line, entry.problem or result.error.message)
    answer: dict[str, int | bool] = {"line": entry.line, "seq": result.stored.seq}
    if result.stored.duplicate:
        answer["duplicate"] = True
    return dumps(answer) + b"\n"


def _error_line(line: int, error: str) -> bytes:
    return dumps({"line": line, "error": error}) + b"\n"


def _source(query: bytes) -> str:
    """Return the one parameter that publishing has.

    Raises:
        BadRequest: it is given twice or is too long, or there is another one.
    """
    source = ""
    for name, value in parse_query(query):
        if name != "source":
            raise BadRequest(name, "unknown query parameter")
        if source:
            raise BadRequest(name, "given more than once")
        source = value or ""
        if len(source.encode()) > _MAX_SOURCE_BYTES:
            raise BadRequest(name, f"longer than {_MAX_SOURCE_BYTES} bytes")
    return source
