"""The last stored records, for commands."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tidings.app.commands.paging import pages
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb

if TYPE_CHECKING:
    from tidings.v1.event_service_pb2_grpc import EventServiceAsyncStub  # exists in the stubs only


@dataclass(slots=True)
class Newest:
    """The last records of a query, oldest first, and its gaps.

    A stream that begins after `through_seq` continues after them.
    """

    records: list[event_pb2.EventRecord] = field(default_factory=list)
    gaps: list[pb.Gap] = field(default_factory=list)
    through_seq: int = 0
    log_id: str = ""


async def newest(stub: EventServiceAsyncStub, request: pb.ReadRecordsRequest, count: int) -> Newest:
    """Return the last `count` records, from 1 up, between the request's bounds.

    Raises:
        grpc.aio.AioRpcError: the service does not answer, or refuses the request.
    """
    asked = pb.ReadRecordsRequest()
    asked.CopyFrom(request)
    asked.order = pb.READ_ORDER_NEWEST_FIRST
    found = Newest()
    async with contextlib.aclosing(pages(stub.ReadRecords, asked, "records", count)) as answers:
        async for page in answers:
            found.records += page.records
            found.gaps += page.gaps
            found.through_seq, found.log_id = page.through_seq, page.log_id
    found.records.reverse()
    found.gaps.reverse()
    return found
