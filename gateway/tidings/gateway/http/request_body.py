"""The body of a request as doors read it: piece by piece, or whole within a limit."""

from __future__ import annotations

import asyncio

from tidings.gateway.http.request import GONE, ClientGone, Request
from tidings.gateway.transcode.errors import MalformedRequest, TooLarge

# How much of a body that is too large is still read, so that the client receives the answer.
_READ_ON_BYTES = 1024**2
_READ_ON_S = 2.0


class BodySilent(Exception):
    """No more of a body arrived within the longest silence that is allowed."""


async def next_piece(request: Request, silence_s: float) -> bytes | None:
    """Return the next piece of a request's body, decoded, None after the last.

    Raises:
        BodySilent: none came within `silence_s`.
        ClientGone: the client left before the end.
        MalformedRequest: it does not have its declared encoding.
    """
    decoder = request.decoder
    if decoder is None:
        return await _as_it_comes(request, silence_s)
    while not (piece := decoder.take()):
        data = await _as_it_comes(request, silence_s)
        if data is None:
            decoder.end()
            return None
        decoder.feed(data)
    await asyncio.sleep(0)  # a little input may become much
    return piece


async def _as_it_comes(request: Request, silence_s: float) -> bytes | None:
    if request.body_ended:
        return None
    try:
        async with asyncio.timeout(silence_s):
            event = await request.receive()
    except TimeoutError:
        raise BodySilent from None
    if event["type"] in GONE:
        raise ClientGone
    request.body_ended = not event.get("more_body", False)
    body: bytes = event.get("body", b"")
    return None if request.body_ended and not body else body


async def whole_body(request: Request, limit_bytes: int, silence_s: float) -> bytes:
    """Return the whole body of a request.

    Raises:
        TooLarge: it is longer than `limit_bytes`, or declares to be.
        Busy: there is no room for it.
        BodySilent, ClientGone, MalformedRequest: as `next_piece`.
    """
    announced = request.header(b"content-length")
    if announced is not None and announced.isdecimal() and int(announced) > limit_bytes:
        await _read_on(request, silence_s)
        raise TooLarge("the body", limit_bytes)
    parts: list[bytes] = []
    size_bytes = 0
    while (part := await next_piece(request, silence_s)) is not None:
        size_bytes += len(part)
        if size_bytes > limit_bytes:
            await _read_on(request, silence_s)
            raise TooLarge("the body", limit_bytes)
        if request.hold is not None:
            await request.hold.resize(size_bytes)
        parts.append(part)
    return b"".join(parts)


async def _read_on(request: Request, silence_s: float) -> None:
    """Read and drop a little more, since with unread data the answer may be lost.

    Not from a client that waits for "100 Continue": it sends nothing before that.
    """
    if request.header(b"expect") is not None:
        return
    left_bytes = _READ_ON_BYTES
    try:
        async with asyncio.timeout(_READ_ON_S):
            while left_bytes > 0 and (part := await next_piece(request, silence_s)) is not None:
                left_bytes -= len(part)
    except (TimeoutError, BodySilent, MalformedRequest):
        return
