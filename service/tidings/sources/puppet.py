"""Puppet Orchestrator: its jobs are found in its list, and each is followed until it has finished.

Event ids are one rising sequence for all jobs, and a job's list from an id on is complete, so
what was read of a job is told by its next id. The list of jobs is sorted by their last change of
state, newest first: it is read until a whole page has only jobs that are done with.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence

import httpx2
import msgspec

from tidings.gateway.doors.puppet.lines import parse_item
from tidings.gateway.upload.spelling import BadLine
from tidings.sources.answers import key_by_id, members_of, read_answer
from tidings.sources.failure import BadAnswer, UpstreamFailed
from tidings.sources.http import client_of
from tidings.sources.source import Sink
from tidings.sources.target import Target
from tidings.v1 import event_system_pb2

PATH = "/orchestrator/v1/jobs"
LAST_TYPE = "job_finished"

BUSY_S, IDLE_S = 2.0, 10.0
"""Between two rounds: while jobs are followed, and while there are none."""

PAGE_SIZE = 50
PAGE_S = 0.2
"""Between two pages of the list of jobs."""

OVER = frozenset({"stopped", "finished", "failed"})
"""States in which a job makes no more events. Source: Puppet Enterprise documentation."""

Sleep = Callable[[float], Awaitable[None]]


class PuppetSource:
    """An orchestrator. `jobs` are ids: only these are followed; none = the list is read."""

    system = event_system_pb2.EVENT_SYSTEM_PUPPET

    def __init__(
        self, name: str, target: Target, *, jobs: Sequence[str] = (), sleep: Sleep = asyncio.sleep
    ) -> None:
        self._name = name
        self._target = target
        self._jobs = jobs
        self._sleep = sleep

    @property
    def address(self) -> str:
        """Where it is."""
        return self._target.address

    async def follow(self, position: str, sink: Sink) -> None:
        """Read jobs until something cannot be read.

        The position is JSON: the next event id of each job that is followed (null = it has
        finished and was asked for), and the number of the newest job that was listed.
        """
        token = self._target.token()
        headers = {"X-Authentication": token} if token else {}
        async with client_of(self._target, headers) as client:
            course = _Course(self._name, position, client, sink)
            while True:
                if self._jobs:
                    course.want(self._jobs)
                else:
                    await course.find(await _listed(client, course, self._sleep))
                await course.read()
                await self._sleep(BUSY_S if course.running else IDLE_S)


class _Job(msgspec.Struct):
    name: str
    state: str = ""


class _Pagination(msgspec.Struct):
    total: int | None = None


class _Page(msgspec.Struct):
    items: list[_Job]
    pagination: _Pagination = msgspec.field(default_factory=_Pagination)


class _Events(msgspec.Struct):
    items: list[msgspec.Raw]


class _Item(msgspec.Struct):
    id: str


_page = msgspec.json.Decoder(_Page)
_events = msgspec.json.Decoder(_Events)
_item = msgspec.json.Decoder(_Item)


async def _listed(client: httpx2.AsyncClient, course: _Course, sleep: Sleep) -> dict[int, str]:
    """Return the states of jobs by number: all that may be of interest."""
    states: dict[int, str] = {}
    offset = 0
    while True:
        query = {
            "order_by": "timestamp", "order": "desc", "limit": str(PAGE_SIZE), "offset": str(offset)
        }  # fmt: skip
        answer = await read_answer(client, PATH, query)
        assert answer is not None
        try:
            page = _page.decode(answer.body)
            numbers = [_number(job.name) for job in page.items]
        except msgspec.MsgspecError:
            raise UpstreamFailed("its answer is not understood") from None
        is_new = not states.keys() >= set(numbers)
        states.update((number, job.state) for number, job in zip(numbers, page.items, strict=True))
        offset += len(numbers)
        if not is_new or offset == page.pagination.total or all(map(course.is_done, numbers)):
            return states
        await sleep(PAGE_S)


class _Course:
    """One connection: which jobs are followed, and how far each was read."""

    def __init__(self, name: str, position: str, client: httpx2.AsyncClient, sink: Sink) -> None:
        members = members_of(position)
        self._name = name
        self._client = client
        self._sink = sink
        self._newest: int | None = members.get("newest")
        self._next_ids: dict[str, int | None] = members.get("jobs", {})
        self._failing: frozenset[str] = frozenset()  # jobs that could not be read in this round
        self._over: dict[str, bool] = {}  # listed as over; whether the last look found nothing

    @property
    def running(self) -> Sequence[str]:
        """The jobs that are followed, oldest first."""
        return sorted((job for job, at in self._next_ids.items() if at is not None), key=int)

    def is_done(self, number: int) -> bool:
        """Whether a job was listed before and is not followed any more."""
        is_old = self._newest is not None and number <= self._newest
        return is_old and str(number) not in self._next_ids

    def want(self, jobs: Sequence[str]) -> None:
        """Follow these jobs, unless they have finished."""
        for job in jobs:
            self._next_ids.setdefault(job, 0)

    async def find(self, states: dict[int, str]) -> None:
        """Follow what is new in the list of jobs; on a first run what is not over."""
        await self._sink.connected()
        before = self._position()
        numbers = sorted(states)
        newest = self._newest
        if newest is not None and numbers:
            if numbers[-1] < newest:
                await self._sink.lost(
                    f"job {newest}", f"job {numbers[-1]}", "its job numbers went back"
                )
                newest = None
                self._next_ids.clear()
            elif numbers[0] > newest + 1:
                await self._sink.lost(
                    f"job {newest}", f"job {numbers[0]}", "its list of jobs begins later"
                )
        for number in numbers:
            is_new = states[number] not in OVER if newest is None else number > newest
            if is_new:
                self._next_ids[str(number)] = 0
            if states[number] in OVER and str(number) in self._next_ids:
                self._over.setdefault(str(number), False)
        self._newest = max([newest or 0, *numbers])
        if self._position() != before:
            # jobs that are over are not looked for on a first run, so it must be the only one
            move = self._sink.begin if newest is None else self._sink.reach
            await move(self._position())

    async def read(self) -> None:
        """Record what is new of each job; one that cannot be read does not hold up the others.

        Raises:
            UpstreamFailed: none of them can be read, or there is no connection.
        """
        jobs = self.running
        failed: dict[str, BadAnswer] = {}
        for job in jobs:
            try:
                await self._read_job(job, self._next_ids[job] or 0)
            except BadAnswer as error:
                failed[job] = error
        if jobs and len(failed) == len(jobs):
            raise failed[jobs[0]]
        for job in failed.keys() - self._failing:
            self._sink.failed(f"job {job}: {failed[job].reason}")
        self._failing = frozenset(failed)

    async def _read_job(self, job: str, next_id: int) -> None:
        path = f"{PATH}/{job}/events"
        answer = await read_answer(self._client, path, {"start": str(next_id)}, may_lack=True)
        await self._sink.connected()
        if answer is None:
            if next_id or self._newest is not None:
                await self._sink.lost(f"{job}/{next_id - 1}", "", "the job is not there any more")
                await self._end(job)
            return  # a job that was asked for may begin later
        new = [
            (number, text)
            for text in _items_of(answer.body)
            if (number := _number_of(text)) >= next_id
        ]
        if new and not next_id and self._newest is None:  # from now on it must be there
            self._next_ids[job], _ = new[0]
            await self._sink.begin(self._position())
        for number, text in new:
            await self._record(job, number, text)
        # the state may have been listed just before the last events: nothing twice running ends it
        if job in self._over:
            if self._over[job] and not new:
                await self._end(job)
            else:
                self._over[job] = not new

    async def _record(self, job: str, number: int, text: bytes) -> None:
        if job in self._next_ids:
            self._next_ids[job] = number + 1
        try:
            draft = parse_item(b'{"job":"%s",%s' % (job.encode(), text[1:]), self._name)
        except BadLine as bad:
            self._sink.failed()
            reason = f"an event is not understood: {bad}"
            await self._sink.lost(f"{job}/{number - 1}", f"{job}/{number + 1}", reason)
            await self._sink.reach(self._position())
            return
        assert draft is not None
        if draft.events[0].puppet.type == LAST_TYPE:
            self._forget(job)
        await self._sink.put(key_by_id(draft), self._position(), len(text))

    async def _end(self, job: str) -> None:
        self._forget(job)
        await self._sink.reach(self._position())

    def _forget(self, job: str) -> None:
        self._over.pop(job, None)
        if self._newest is None:  # it was asked for by its id, and will be once more
            self._next_ids[job] = None
        else:
            self._next_ids.pop(job, None)

    def _position(self) -> str:
        return json.dumps({"jobs": self._next_ids, "newest": self._newest}, sort_keys=True)


def _items_of(body: bytes) -> Sequence[bytes]:
    try:
        return [bytes(text) for text in _events.decode(body).items]
    except msgspec.MsgspecError:
        raise BadAnswer("its answer is not understood") from None


def _number_of(text: bytes) -> int:
    try:
        return _number(_item.decode(text).id)
    except msgspec.MsgspecError:
        raise BadAnswer("its answer is not understood") from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise msgspec.ValidationError("expected decimal digits")
    return int(text)
