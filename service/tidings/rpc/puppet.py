"""GetJobEvents: the events of one Puppet job, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tidings.core.errors import NotFound
from tidings.core.limits import MAX_PAGE_BYTES
from tidings.core.record import Record
from tidings.dialects.dialect import Dialect
from tidings.dialects.puppet import check_number
from tidings.dialects.rules import events_of
from tidings.log.event_log import EventLog
from tidings.rpc.paging import check_page_size, digest_of_texts, sealed_token, unsealed
from tidings.v1 import event_service_pb2, puppet_pb2

DEFAULT_PAGE = 1000
MAX_PAGE = 10_000


class JobEvents:
    """Answers GetJobEvents from the log."""

    def __init__(self, log: EventLog, puppet: Dialect) -> None:
        self._log = log
        self._puppet = puppet

    async def get(
        self, request: event_service_pb2.GetJobEventsRequest
    ) -> event_service_pb2.GetJobEventsResponse:
        """Return a page of a job's events.

        Raises:
            BadRequest: the job's number, the start, the page size or the page token is not valid.
            NotFound: no event of such a job is stored.
        """
        job = request.job_id
        check_number(job, "job_id")
        if request.start:
            check_number(request.start, "start")
        subject = f"puppet.{job}"
        after_seq = _after_of(request, job)
        limit = _limit_of(request.page_size)
        await self._log.catch_up(after_seq)  # another node may have returned it
        # One more than is asked for says whether there is another page.
        records = await self._log.read(
            after_seq, limit + 1, subject=subject, max_bytes=MAX_PAGE_BYTES
        )
        oldest = await self._log.read(0, 1, subject=subject)
        if not oldest:
            raise NotFound("job", job)
        page = records[:limit]
        answer = event_service_pb2.GetJobEventsResponse(items=list(self._items(page)))
        answer.oldest_id = str(oldest[0].seq)
        answer.log_id = self._log.log_id
        following = str(page[-1].seq + 1) if page else request.start
        answer.next_events.id = f"/orchestrator/v1/jobs/{job}/events?start={following}"
        answer.next_events.event = following
        if page and await self._has_more(subject, page[-1], found_more=len(records) > limit):
            answer.next_page_token = sealed_token(_digest_of(job), page[-1].seq)
        return answer

    async def _has_more(self, subject: str, last: Record, *, found_more: bool) -> bool:
        """Return whether the job has more events after a page, which may be full by its size."""
        return found_more or bool(await self._log.read(last.seq, 1, subject=subject))

    def _items(self, page: Sequence[Record]) -> Iterator[puppet_pb2.PuppetJobEvent]:
        for record in page:
            events = events_of(record)
            if events:  # a damaged record is left out
                self._puppet.complete(record.seq, events)
                yield events[0].puppet


def _after_of(request: event_service_pb2.GetJobEventsRequest, job: str) -> int:
    before_start = int(request.start or "1") - 1
    if not request.page_token:
        return before_start
    (after_seq,) = unsealed(request.page_token, _digest_of(job), 1)
    return max(after_seq, before_start)


def _digest_of(job: str) -> bytes:
    return digest_of_texts("GetJobEvents", job)


def _limit_of(page_size: int) -> int:
    check_page_size(page_size)
    return min(page_size or DEFAULT_PAGE, MAX_PAGE)
