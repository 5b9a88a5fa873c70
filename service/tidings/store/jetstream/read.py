"""Reads a log's streams.

Pages come from the nearest replica, which may lag; so only the stream's leader is asked whether
there is more. A replica that lags holds a complete prefix of the stream: what it returns is
correct.
"""

from __future__ import annotations

import asyncio
import heapq
import json
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from nats.aio.msg import Msg

from tidings.core.chunks import body_bytes, first_chunk
from tidings.store.jetstream.link import ATTEMPT_S, Link, Lost, Refused, status
from tidings.store.jetstream.message import (
    EPOCH,
    MICROSECOND,
    Message,
    parse_direct,
    parse_stored,
)

_NOT_FOUND = 10037
_LATEST_US = 253_402_300_799_000_000  # the end of the year 9999, the last that can be written
_OVERHEAD_BYTES = 512  # the size of a message in an answer besides its body
_SUBJECTS_A_QUESTION = 500  # the server lists at most 1024 subjects at once
_TOO_MANY = "413"
_AT_ONCE = 16  # whose sizes are unknown: at most 64 MiB
_FRESH_S = 2.0
_PAUSE_S = 0.2


class MessageReader:
    """Reads one stream. Any method: `StoreUnavailable`."""

    def __init__(self, link: Link, stream: str, sentinel: str = "") -> None:
        self._link = link
        self._stream = stream
        self._sentinel = sentinel

    async def last_seq(self, hoped_seq: int = 0) -> int:
        """Return the newest sequence that the stream ever assigned, from its leader.

        A new leader may not have applied all that was acknowledged: while its answer is below
        `hoped_seq` it is asked again, for two seconds.
        """
        deadline_s = asyncio.get_running_loop().time() + _FRESH_S
        while True:
            found = int((await self.info())["state"]["last_seq"])
            if found >= hoped_seq or asyncio.get_running_loop().time() >= deadline_s:
                return found
            await asyncio.sleep(_PAUSE_S)

    async def info(self) -> dict[str, Any]:
        """Return the leader's info of the stream."""
        return await self._link.insist(
            f"asking for stream {self._stream}",
            lambda: self._link.api(f"STREAM.INFO.{self._stream}"),
        )

    async def first(self, filter_subject: str, from_seq: int) -> Message | None:
        """Return the first message from a sequence on, from the leader."""
        return await self._one({"seq": from_seq, "next_by_subj": filter_subject})

    async def first_since(self, filter_subject: str, at_us: int) -> Message | None:
        """Return the first message stored at or after a time, from the leader."""
        at = EPOCH + min(max(at_us, 0), _LATEST_US) * MICROSECOND
        start = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        return await self._one({"start_time": start, "next_by_subj": filter_subject})

    async def last(self, filter_subject: str) -> Message | None:
        """Return the newest message, from the leader."""
        return await self._one({"last_by_subj": filter_subject})

    async def at(self, seq: int) -> Message | None:
        """Return the message with this sequence, from the leader."""
        return await self._one({"seq": seq})

    async def several(self, seqs: Sequence[int], max_bytes: int | None = None) -> list[Message]:
        """Return the messages with these sequences that exist, from the leader, in this order.

        Stops early, but not before one message, when bodies exceed `max_bytes`.
        """
        page: list[Message] = []
        size_bytes = 0
        for start in range(0, len(seqs), _AT_ONCE):
            found = await asyncio.gather(*map(self.at, seqs[start : start + _AT_ONCE]))
            some = [message for message in found if message is not None]
            page += some
            size_bytes += sum(len(message.body) for message in some)
            if max_bytes is not None and size_bytes > max_bytes:
                break
        return first_chunk(page, body_bytes, max_bytes=max_bytes)

    async def page(
        self,
        filters: Collection[str],
        after_seq: int,
        limit: int,
        max_bytes: int | None = None,
    ) -> list[Message]:
        """Return up to `limit` messages past a sequence, in order, of one view of the stream.

        Stops early, but not before one message, when bodies exceed `max_bytes`.
        """
        if len(filters) == 1:
            (only,) = filters
            found = await self.range(only, after_seq, limit, max_bytes)
            return first_chunk(found, body_bytes, max_bytes=max_bytes)
        # One end for all, or a message stored between two requests would be skipped for ever.
        end_seq = await self.last_seq() if filters else 0
        ranges = [await self.range(f, after_seq, limit, max_bytes, end_seq) for f in filters]
        merged = heapq.merge(*ranges, key=lambda message: message.seq)
        return first_chunk(merged, body_bytes, limit=limit, max_bytes=max_bytes)

    async def nth_last(self, filter_subject: str, count: int) -> int:
        """Return the sequence of the `count`-th newest message, from 1; 0 without one."""
        pending = await self.count_from(filter_subject, 1)
        if count < 1 or pending < count:
            return 0
        return await self.nth_from(filter_subject, 1, pending - count + 1)

    async def nth_from(self, filter_subject: str, from_seq: int, count: int) -> int:
        """Return the sequence of the `count`-th message from a sequence on, which must exist.

        By binary search: the server counts without reading. Messages that are stored meanwhile do
        not matter.
        """
        last = await self.last(filter_subject)
        low, high = from_seq, last.seq if last else from_seq
        total = await self.count_from(filter_subject, low)
        while low < high:
            middle = (low + high + 1) // 2
            beyond = await self.count_from(filter_subject, middle)
            if total - beyond >= count:
                high = middle - 1
            else:
                low, count, total = middle, count - (total - beyond), beyond
        return low

    async def count_from(self, filter_subject: str, from_seq: int) -> int:
        """Return how many messages there are from a sequence on."""
        found = await self._count(filter_subject, from_seq)
        return found[1] if found else 0

    async def newest_each(
        self, subjects: Sequence[str], through_seq: int | None = None
    ) -> dict[str, Message] | None:
        """Return the newest message of each subject up to a sequence; None = too many.

        As fresh as the leader's answer at the time of the call.
        """
        end_seq = await self.last_seq()
        up_to_seq = end_seq if through_seq is None else min(through_seq, end_seq)
        if up_to_seq < 1:
            return {}  # the server takes zero for "no end"
        found: dict[str, Message] = {}
        for start in range(0, len(subjects), _SUBJECTS_A_QUESTION):
            some = subjects[start : start + _SUBJECTS_A_QUESTION]
            part = await self._link.insist(
                f"reading {self._stream}", partial(self._each, some, up_to_seq)
            )
            if part is None:
                return None
            found.update(part)
        return found

    async def _each(self, subjects: Sequence[str], up_to_seq: int) -> dict[str, Message] | None:
        # The sentinel is always there: without it, a replica that lags and one that has nothing
        # would answer the same.
        request = {"multi_last": [self._sentinel, *subjects], "up_to_seq": up_to_seq}
        messages = await self._direct(request)
        end = messages.pop()
        if status(end) == _TOO_MANY:
            return None
        if status(end) != "204":
            raise Lost("a replica lags behind")
        found = map(parse_direct, messages)
        return {message.subject: message for message in found if message.subject != self._sentinel}

    async def range(
        self,
        filter_subject: str,
        after_seq: int,
        limit: int,
        max_bytes: int | None = None,
        end_seq: int | None = None,
    ) -> list[Message]:
        """Return messages past a sequence: enough to fill the page, or all up to the end."""
        page: list[Message] = []
        size_bytes = 0
        while len(page) < limit and (max_bytes is None or not page or size_bytes <= max_bytes):
            wanted = limit - len(page)
            request = {"seq": after_seq + 1, "next_by_subj": filter_subject, "batch": wanted}
            if max_bytes is not None:
                request["max_bytes"] = max_bytes + _OVERHEAD_BYTES * wanted
            *messages, end = await self._link.insist(
                f"reading {self._stream}", partial(self._direct, request)
            )
            got = [parse_direct(message) for message in messages]
            pending = int((end.headers or {}).get("Nats-Num-Pending", "0"))
            if len(got) < wanted and not pending:
                # The replica has no more; ask the leader.
                at_seq = got[-1].seq if got else after_seq
                if end_seq is not None and at_seq >= end_seq:
                    following = None
                else:
                    following = await self.first(filter_subject, at_seq + 1)
                if following is None:
                    return _through(page + got, end_seq)
                got.append(following)
            page += got
            size_bytes += sum(len(message.body) for message in got)
            after_seq = page[-1].seq
            if end_seq is not None and after_seq >= end_seq:
                break
        return _through(page, end_seq)

    async def _count(self, filter_subject: str, from_seq: int) -> tuple[int, int] | None:
        """Return the first sequence from one on, and how many messages there are from there."""
        request = {"seq": max(from_seq, 1), "next_by_subj": filter_subject, "batch": 1}
        messages = await self._link.insist(
            f"counting {self._stream}", partial(self._direct, request)
        )
        if len(messages) < 2:
            return None
        headers = messages[0].headers or {}
        return int(headers["Nats-Sequence"]), int(headers["Nats-Num-Pending"]) + 1

    async def _direct(self, request: Mapping[str, Any]) -> list[Msg]:
        """Return a replica's answer: messages, and the end with its status."""
        subject = f"$JS.API.DIRECT.GET.{self._stream}"
        body = json.dumps(request).encode()
        return await self._link.ask_many(subject, body, within_s=ATTEMPT_S)

    async def _one(self, request: Mapping[str, Any]) -> Message | None:
        async def ask() -> Message | None:
            try:
                answer = await self._link.api(f"STREAM.MSG.GET.{self._stream}", request)
            except Refused as refused:
                if refused.code == _NOT_FOUND:
                    return None
                raise
            return parse_stored(answer["message"])

        return await self._link.insist(f"reading {self._stream}", ask)


def _through(messages: list[Message], end_seq: int | None) -> list[Message]:
    if end_seq is None:
        return messages
    return [message for message in messages if message.seq <= end_seq]
