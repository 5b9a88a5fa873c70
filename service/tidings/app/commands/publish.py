"""`tidings publish`: publish events from a file or standard input, in any of their formats."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import grpc

from tidings.app.client import client_channel, explain
from tidings.app.commands.progress import Counts, Progress
from tidings.app.commands.publish_input import Input
from tidings.app.commands.publish_spelling import BadObject, Spelling
from tidings.app.settings import Settings
from tidings.app.terminal import CommandFailed, complain, flush, say
from tidings.core.failures import only_of
from tidings.core.limits import MAX_RECORD_BYTES
from tidings.gateway.doors import spellings
from tidings.gateway.upload.draft_stream import DraftStream, refusal_by
from tidings.gateway.upload.limits import MAX_OBJECT_BYTES, SLICE_BYTES
from tidings.gateway.upload.splitter import JsonSplitter, Piece
from tidings.gateway.upstream.client import PublishCall
from tidings.v1 import event_pb2, event_service_pb2, event_service_pb2_grpc

_MAX_HELD_BYTES = 64 * 1024**2
"""Of an array that is stored from its end, and so is held until then."""
_BACK_WITHIN_S = 30.0
"""How long to wait for a service that was reached before."""


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Publish every object and print one answer a line; status 1 when any was refused."""
    return asyncio.run(_publish(settings, arguments))


async def _publish(settings: Settings, arguments: argparse.Namespace) -> int:
    async with Input(arguments.file) as source, client_channel(settings) as channel:
        stub = event_service_pb2_grpc.EventServiceStub(channel)

        async def open_call() -> PublishCall:
            return stub.PublishStream()

        if refusal := await refusal_by(open_call):  # before anything is published
            complain("publish", explain(refusal, settings.upstream))
            return 1

        async def open_again() -> PublishCall:
            try:
                async with asyncio.timeout(_BACK_WITHIN_S):
                    await channel.channel_ready()
            except TimeoutError:
                if refusal := await refusal_by(open_call):
                    raise refusal from None
            return await open_call()

        drafts = DraftStream(open_call, open_again)
        upload = _Upload(source, Spelling(arguments.system, arguments.source), drafts)
        try:
            await upload.run()
        except grpc.aio.AioRpcError as error:
            upload.complain(explain(error, settings.upstream))
            upload.tell_unanswered()
            return 1
        except CommandFailed as error:
            upload.complain(str(error))
            upload.tell_unanswered()
            return 1
        finally:
            upload.sum_up()
    return 1 if upload.counts.refused else 0


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an object stands: "line 7", or "element 7" of an array."""

    kind: str
    number: int

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


class _Upload:
    """One upload. `run` once."""

    def __init__(self, source: Input, spelling: Spelling, drafts: DraftStream) -> None:
        self.counts = Counts()
        self._source = source
        self._spelling = spelling
        self._drafts = drafts
        self._splitter = JsonSplitter(MAX_OBJECT_BYTES)
        self._places: deque[_Place] = deque()  # of what has no answer, as many as `drafts` holds
        self._held: list[Piece] = []
        self._held_bytes = 0
        self._progress = Progress(source.size_bytes)
        # On a terminal a bar says the same as a million lines.
        self._is_quiet = source.is_file and self._progress.is_able and sys.stdout.isatty()

    async def run(self) -> None:
        """Publish everything and print the answers.

        Raises:
            grpc.aio.AioRpcError: the service failed.
            CommandFailed: the input cannot be read.
            BrokenPipeError: nobody reads the answers.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                helping = (
                    tasks.create_task(self._read()),
                    tasks.create_task(self._drafts.run()),
                )
                while results := await self._drafts.take():
                    self._tell(results)
                for task in helping:
                    task.cancel()
        except BaseExceptionGroup as group:
            told = only_of(group, grpc.aio.AioRpcError, CommandFailed, BrokenPipeError)
            if told is None:
                raise
            raise told from None
        finally:
            self._drafts.cancel()

    def complain(self, text: str) -> None:
        """Print an error, without disturbing the bar."""
        self._progress.hide()
        complain("publish", text)

    def tell_unanswered(self) -> None:
        """Print which drafts may or may not be stored."""
        if self._places:
            first, last = self._places[0], self._places[-1]
            place = str(first) if first == last else f"{first} to {last.number}"
            self.complain(f"{place}: handed in and not answered; may or may not be stored")

    def sum_up(self) -> None:
        """Print the summary, with what is known of unanswered drafts."""
        told = self.counts.told(self._progress.seconds)
        self.complain(f"at least {told}" if self._places else told)

    async def _read(self) -> None:
        chunk = await self._source.chunk()
        if chunk:
            await asyncio.to_thread(
                spellings
            )  # loads the doors, which takes time: only when needed
        while chunk:
            for at in range(0, len(chunk), SLICE_BYTES):
                for piece in self._splitter.feed(chunk[at : at + SLICE_BYTES]):
                    await self._take(piece)
            await asyncio.sleep(0)  # a file never waits; answers are to be read meanwhile
            self._progress.show(self.counts, self._source.read_bytes)
            chunk = await self._source.chunk()
        for piece in self._splitter.end():
            await self._take(piece)
        for piece in reversed(self._held):
            await self._hand_in(piece)
        self._drafts.finish()

    async def _take(self, piece: Piece) -> None:
        """Publish a chunk, or hold it back if an array is stored from its end."""
        self._recognise(piece)
        if not (self._splitter.is_array and self._spelling.is_newest_first):
            await self._hand_in(piece)
            return
        self._held.append(piece)
        self._held_bytes += len(piece.text)
        if self._held_bytes > _MAX_HELD_BYTES:
            raise CommandFailed(f"the array is larger than {_MAX_HELD_BYTES} bytes")

    def _recognise(self, piece: Piece) -> None:
        if piece.text:
            try:
                self._spelling.recognise(piece.text)
            except BadObject:
                return  # reported when it is published

    async def _hand_in(self, piece: Piece) -> None:
        place = _Place("element" if self._splitter.is_array else "line", piece.line)
        problem = piece.problem
        draft: event_pb2.Draft | None = None
        if not problem:
            try:
                draft = self._spelling.draft(piece.text)
            except BadObject as error:
                problem = str(error)
        size_bytes = draft.ByteSize() if draft else 0
        if size_bytes > MAX_RECORD_BYTES:
            problem = f"events: {size_bytes} bytes, at most {MAX_RECORD_BYTES} are allowed"
        if problem:
            self._refuse(place, problem)
        elif draft is not None:
            self._places.append(place)
            await self._drafts.add(draft)

    def _refuse(self, place: _Place, problem: str) -> None:
        self.counts.refused += 1
        self.complain(f"{place}: {problem}")

    def _tell(self, results: Sequence[event_service_pb2.PublishResult]) -> None:
        for result in results:
            place = self._places.popleft()
            if result.HasField("error"):
                self._refuse(place, result.error.message)
                continue
            if result.stored.duplicate:
                self.counts.duplicates += 1
            else:
                self.counts.stored += 1
            if not self._is_quiet:
                again = " duplicate" if result.stored.duplicate else ""
                self._progress.hide()
                say(f"{place}: seq {result.stored.seq}{again}")
        flush()
        self._progress.show(self.counts, self._source.read_bytes)
