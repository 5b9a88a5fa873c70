"""Lines that answer an upload, on their way to a client that may not read yet."""

from __future__ import annotations

import asyncio

from tidings.gateway.asgi import Request

# About 300,000 lines. Python's http.client, requests and others read nothing before they have sent
# everything: waiting for them to read, while they wait to be read from, would never end.
MAX_UNREAD_BYTES = 8 * 1024**2

_MAX_WRITE_BYTES = 64 * 1024


class AnswerLines:
    """The body of one answer. Whoever has lines calls `add`; one task calls `run`.

    Whoever sends without reading is read from until `MAX_UNREAD_BYTES` of answers wait for it.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._unread = bytearray()
        self._is_finished = False
        self._has_more = asyncio.Event()
        self._has_room = asyncio.Event()

    def add(self, lines: bytes) -> None:
        """Hand in whole lines, after the head has gone out."""
        self._unread += lines
        self._has_more.set()

    async def room(self) -> None:
        """Wait while too many lines are unread. To be asked before what makes more of them."""
        while len(self._unread) >= MAX_UNREAD_BYTES:
            self._has_room.clear()
            await self._has_room.wait()

    def finish(self) -> None:
        """Say that no more lines come, so that `run` returns once they are written."""
        self._is_finished = True
        self._has_more.set()

    async def run(self) -> None:
        """Write lines as they come, as fast as the client reads; what is ready goes together."""
        while self._unread or not self._is_finished:
            self._has_more.clear()
            while self._unread:
                chunk = bytes(self._unread[:_MAX_WRITE_BYTES])
                await self._request.write(chunk)
                del self._unread[: len(chunk)]
                self._has_room.set()
            if not self._is_finished:
                await self._has_more.wait()
