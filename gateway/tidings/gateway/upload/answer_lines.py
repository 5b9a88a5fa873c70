"""Lines that answer an upload, buffered for a client that may not read yet."""

from __future__ import annotations

import asyncio

import grpc

from tidings.gateway.http.request import Request
from tidings.gateway.json_text import dumps
from tidings.v1 import event_service_pb2 as pb

# About 300,000 lines. Python's http.client, requests and others read nothing before they have sent
# everything: waiting for them to read while they still send would be a deadlock.
MAX_UNREAD_BYTES = 8 * 1024**2

_MAX_WRITE_BYTES = 64 * 1024


class Unread(Exception):
    """The client has not read its answer within the longest silence that is allowed."""


class AnswerLines:
    """The body of one answer. Tasks that have lines call `add`; one task calls `run`.

    A client that sends without reading may do so until `MAX_UNREAD_BYTES` of answers are unread;
    then, as at the end of its body, it must read something within `silence_s`.
    """

    def __init__(self, request: Request, silence_s: float) -> None:
        self._request = request
        self._silence_s = silence_s
        self._unread = bytearray()
        self._is_finished = False
        self._has_more = asyncio.Event()
        self._has_written = asyncio.Event()

    @property
    def unread_bytes(self) -> int:
        """How much the client has not read."""
        return len(self._unread)

    def add(self, lines: bytes) -> None:
        """Hand in whole lines, after the head has gone out."""
        self._unread += lines
        self._has_more.set()

    async def room(self) -> None:
        """Wait while too many lines are unread: backpressure for what makes more of them.

        Raises:
            Unread: the client took nothing for as long as it may.
        """
        while len(self._unread) >= MAX_UNREAD_BYTES:
            await self._progress()

    async def finish(self) -> None:
        """Add no more lines, and wait until they are written; then `run` returns.

        Raises:
            Unread: as `room`.
        """
        self._is_finished = True
        self._has_more.set()
        while self._unread:
            await self._progress()

    async def _progress(self) -> None:
        self._has_written.clear()
        try:
            async with asyncio.timeout(self._silence_s):
                await self._has_written.wait()
        except TimeoutError:
            raise Unread from None

    async def run(self) -> None:
        """Write lines as they come, as fast as the client reads; what is ready goes together."""
        while self._unread or not self._is_finished:
            self._has_more.clear()
            while self._unread:
                chunk = bytes(self._unread[:_MAX_WRITE_BYTES])
                await self._request.write(chunk)
                del self._unread[: len(chunk)]
                self._has_written.set()
            if not self._is_finished:
                await self._has_more.wait()


def refused_line(line: int, error: str) -> bytes:
    """Return the answer to an object that is not stored."""
    return dumps({"line": line, "error": error}) + b"\n"


def result_line(line: int, result: pb.PublishResult) -> bytes:
    """Return the line for the service's answer to an object."""
    if result.HasField("error"):
        return refused_line(line, result.error.message)
    answer: dict[str, int | bool] = {"line": line, "seq": result.stored.seq}
    if result.stored.duplicate:
        answer["duplicate"] = True
    return dumps(answer) + b"\n"


def outcome_of(result: pb.PublishResult) -> str:
    """Return the outcome of an object, in a word for the access log."""
    if result.HasField("error"):
        return "refused"
    return "duplicates" if result.stored.duplicate else "stored"


def refused_status(result: pb.PublishResult) -> int:
    """Return the HTTP status of an upload's only object, which the service has refused."""
    too_large: int = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    return 413 if result.error.code == too_large else 400
