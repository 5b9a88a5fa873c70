"""Lines that answer an upload, on their way to a client that may not read yet."""

from __future__ import annotations

import asyncio

from tidings.gateway.http.request import Request

# About 300,000 lines. Python's http.client, requests and others read nothing before they have sent
# everything: waiting for them to read, while they wait to be read from, would never end.
MAX_UNREAD_BYTES = 8 * 1024**2

_MAX_WRITE_BYTES = 64 * 1024


class Unread(Exception):
    """The client has not read its answer for the longest silence that is allowed."""


class AnswerLines:
    """The body of one answer. Whoever has lines calls `add`; one task calls `run`.

    Whoever sends without reading is read from until `MAX_UNREAD_BYTES` of answers wait for it, and
    then has to read something within `silence_s`, as he has to at the end.
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
        """How much is waiting for the client."""
        return len(self._unread)

    def add(self, lines: bytes) -> None:
        """Hand in whole lines, after the head has gone out."""
        self._unread += lines
        self._has_more.set()

    async def room(self) -> None:
        """Wait while too many lines are unread. To be asked before what makes more of them.

        Raises:
            Unread: the client took nothing for as long as it may.
        """
        while len(self._unread) >= MAX_UNREAD_BYTES:
            await self._progress()

    async def finish(self) -> None:
        """Say that no more lines come, and wait until they are written; then `run` returns.

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
