"""Answers of bounded reads: pages of records, one record, and streams that have an end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import grpc
from google.protobuf.message import Message

from tidings.gateway.contract import route_to
from tidings.gateway.door import Context
from tidings.gateway.doors.native.bounds import BoundedRead
from tidings.gateway.doors.native.formats import Format, Printer
from tidings.gateway.doors.native.query import OWN, select, split_query
from tidings.gateway.http.request import Request, while_connected
from tidings.gateway.live.stream_key import UNPRINTABLE
from tidings.gateway.transcode.bind import bind_request
from tidings.gateway.transcode.errors import TimeIsUp, Unprintable
from tidings.gateway.transcode.metadata import (
    DEFAULT_UNARY_DEADLINE_S,
    Metadata,
    request_metadata,
    requested_deadline,
)
from tidings.gateway.transcode.render import Reply, render_error, render_message, render_response
from tidings.gateway.transcode.routes import Found, Route
from tidings.gateway.upstream.failures import Failure
from tidings.v1 import asking_pb2, event_pb2, event_system_pb2
from tidings.v1 import event_service_pb2 as pb

_RECORDS = route_to("ReadRecords")
# After the client's deadline: for the line that tells of it.
_LAST_LINE_S = 10.0
_SELECTING = (_RECORDS, route_to("CountRecords"))


class Reads:
    """Answers bounded reads from the service, page by page."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def answer(self, request: Request, found: Found) -> None:
        """Answer a call of the contract that answers once."""
        query, own = split_query(request.query, OWN if found[0] in _SELECTING else ())
        message = bind_request(*found, query)
        if isinstance(message, pb.ReadRecordsRequest | asking_pb2.CountRecordsRequest):
            select(message, own)
        reply = await while_connected(request, self._reply(request, found[0], message))
        if reply is not None:
            await request.reply(reply)

    async def stream(
        self,
        request: Request,
        read: BoundedRead,
        form: Format,
        headers: tuple[tuple[bytes, bytes], ...],
    ) -> None:
        """Answer with what is stored, in the form that is asked for, and at the end a heartbeat.

        The heartbeat has the position to go on from. Where the client's deadline comes before it,
        that is told instead: what has been sent is not all.
        """
        metadata = request_metadata(request.headers)
        try:
            page = await self._page(read.request, read.limit, metadata)
        except Failure as error:
            await request.reply(render_error(error))
            return
        log_id = (b"tidings-log-id", page.log_id.encode("ascii", "replace"))
        kind = (b"content-type", form.content_type.encode("ascii"))
        await request.start(200, (kind, *headers, log_id))
        if request.method != "HEAD":
            printer = form.printer(page.log_id)
            request.move_timer(_LAST_LINE_S)
            try:
                if form.opening:
                    await request.write(form.opening)
                async with asyncio.timeout_at(request.ends_at_s):
                    async for chunk in self._chunks(read, page, printer, metadata):
                        await request.write(chunk)
            except Failure as error:
                await request.write(printer.failure(error))
            except TimeoutError:
                await request.write(printer.failure(_time_is_up()))
        await request.end()

    async def _chunks(
        self,
        read: BoundedRead,
        page: pb.ReadRecordsResponse,
        renderer: Printer,
        metadata: Metadata,
    ) -> AsyncIterator[bytes]:
        left = read.limit
        while True:
            lines = await self._context.slices.apart(
                page.ByteSize(), partial(_lines, page, renderer)
            )
            if lines:
                yield lines
            if left is not None:
                left -= len(page.records)
            if left == 0 or not page.next_page_token:
                break
            read.request.page_token = page.next_page_token
            page = await self._page(read.request, left, metadata)
        end_seq = page.records[-1].seq if left == 0 else page.through_seq
        yield renderer.heartbeat(pb.Heartbeat(seq=end_seq))

    async def _page(
        self, request: pb.ReadRecordsRequest, left: int | None, metadata: Metadata
    ) -> pb.ReadRecordsResponse:
        request.page_size = 0 if left is None else min(left, 2**31 - 1)
        answer = await self._context.upstream.read(
            _RECORDS, request, metadata, DEFAULT_UNARY_DEADLINE_S
        )
        assert isinstance(answer, pb.ReadRecordsResponse)
        return answer

    async def _reply(self, request: Request, route: Route, message: Message) -> Reply:
        deadline_s = requested_deadline(request.headers) or DEFAULT_UNARY_DEADLINE_S
        metadata = request_metadata(request.headers)
        try:
            answer = await self._context.upstream.read(route, message, metadata, deadline_s)
        except Failure as error:
            return render_error(error)
        return await self._context.slices.apart(answer.ByteSize(), partial(_printed, answer))


def _time_is_up() -> Failure:
    nothing = grpc.aio.Metadata()
    return Failure(TimeIsUp.code, nothing, nothing, details=str(TimeIsUp()))


def _printed(answer: Message) -> Reply:
    """Print an answer; a record of a page that cannot be printed is a gap, as in a stream."""
    try:
        return render_response(answer)
    except Unprintable as error:
        if not isinstance(answer, pb.ReadRecordsResponse):
            return render_error(error)
    page = pb.ReadRecordsResponse()
    page.CopyFrom(answer)
    del page.records[:]
    for record in answer.records:
        try:
            render_message(record)
        except Unprintable:
            page.gaps.append(_gap_of(record))
        else:
            page.records.append(record)
    return render_response(page)


def _lines(page: pb.ReadRecordsResponse, renderer: Printer) -> bytes:
    """Print a page: each gap before the records after its beginning."""
    parts: list[event_pb2.EventRecord | pb.Gap] = [*page.gaps, *page.records]
    parts.sort(key=lambda part: part.first_seq if isinstance(part, pb.Gap) else part.seq)
    return b"".join(_line(part, renderer) for part in parts)


def _line(part: event_pb2.EventRecord | pb.Gap, renderer: Printer) -> bytes:
    if isinstance(part, pb.Gap):
        return renderer.gap(part)
    try:
        return renderer.record(part)
    except Unprintable:
        return renderer.gap(_gap_of(part))


def _gap_of(record: event_pb2.EventRecord) -> pb.Gap:
    """Return what stands for a record that cannot be printed."""
    name = f"EVENT_SYSTEM_{(record.events[0].WhichOneof('body') or 'unspecified').upper()}"
    return pb.Gap(
        system=event_system_pb2.EventSystem.Value(name),
        first_seq=record.seq,
        last_seq=record.seq,
        reason=pb.GAP_REASON_UNPRINTABLE,
        detail=UNPRINTABLE,
        resume_seq=record.seq,
    )
