"""Pages of stored records, and the last of them, over a service that gives few at a time."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.kit.loop import run_async
from tidings.app.commands.asking import newest
from tidings.app.commands.paging import pages
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb

LOG = "the log"


class Log:
    """A service that looks at seven positions for a page, some of which match."""

    def __init__(self, seqs: list[int], head: int) -> None:
        self.seqs = seqs
        self.head = head
        self.asked: list[pb.ReadRecordsRequest] = []

    async def ReadRecords(
        self, request: pb.ReadRecordsRequest, **options: float
    ) -> pb.ReadRecordsResponse:
        assert options["timeout"] > 0
        copy = pb.ReadRecordsRequest()
        copy.CopyFrom(request)
        self.asked.append(copy)
        through = request.before_seq - 1 if request.HasField("before_seq") else self.head
        is_falling = request.order == pb.READ_ORDER_NEWEST_FIRST
        rest = [*range(request.after_seq + 1, through + 1)]
        rest = rest[::-1] if is_falling else rest
        at = int(request.page_token or 0)
        answer = pb.ReadRecordsResponse(through_seq=through, log_id=LOG)
        for seq in rest[at : at + 7]:
            if request.page_size and len(answer.records) == request.page_size:
                break
            at += 1
            if seq in self.seqs:
                answer.records.append(event_pb2.EventRecord(seq=seq))
        if at < len(rest):
            answer.next_page_token = str(at)
        answer.gaps.add(first_seq=at, last_seq=at)
        return answer


@pytest.mark.parametrize("seed", range(30))
def test_pages_are_all_there_is_and_the_newest_are_the_last_of_it(seed: int) -> None:
    rng = random.Random(seed)
    head = rng.choice((1, 6, 7, 8, 100))
    share = rng.choice((0.0, 0.1, 1.0))
    seqs = [seq for seq in range(2, head + 1) if rng.random() < share]
    log: Any = Log(seqs, head)
    after, count = rng.choice((0, 3)), rng.choice((1, 2, 10, 1000))
    request = pb.ReadRecordsRequest(after_seq=after)
    wanted = [seq for seq in seqs if seq > after]

    async def main() -> None:
        found = [r.seq async for page in pages(log.ReadRecords, request) for r in page.records]
        assert found == wanted
        some = pages(log.ReadRecords, request, "records", count)
        found = [r.seq async for page in some for r in page.records]
        assert found == wanted[:count]
        last = await newest(log, request, count)
        assert [record.seq for record in last.records] == wanted[-count:]
        assert (last.log_id, last.through_seq) == (LOG, head)
        places = [gap.first_seq for gap in last.gaps]
        assert places == sorted(places, reverse=True), "oldest first, as the records"

    run_async(main())
    assert request == pb.ReadRecordsRequest(after_seq=after), "the caller's own"


def test_no_more_is_asked_for_than_is_wanted() -> None:
    log: Any = Log([*range(2, 101)], 100)
    run_async(newest(log, pb.ReadRecordsRequest(), 9))
    assert [asked.page_size for asked in log.asked] == [9, 2]
    assert {asked.order for asked in log.asked} == {pb.READ_ORDER_NEWEST_FIRST}
