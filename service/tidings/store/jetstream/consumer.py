"""Messages of a stream in order, as they are stored: an ordered consumer, recreated when it stalls.

The server pushes; every message has a consecutive number, so that a lost one is noticed, and an
idle server sends a heartbeat each second, so that a lost connection, server or leader is noticed
too. Then the consumer is recreated after the last message that came. (The client library's own
ordered consumer was seen to stay silent for 15 s after a restart of the server.)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from secrets import token_hex
from types import MappingProxyType
from typing import Any

from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from tidings.core.backoff import Backoff
from tidings.core.errors import LogClosed, StoreUnavailable
from tidings.store.jetstream.link import Link, Lost, Refused, status
from tidings.store.jetstream.message import Message

_HEARTBEAT_S = 1.0
_SILENCE_S = 1.7  # a heartbeat and a bit: live again within 2 s
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 0.5  # short, or it is not live again within 2 s
_KEPT_S = 5.0  # how long the server keeps a consumer without a subscription
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


async def follow(
    link: Link,
    stream: str,
    filter_subject: str,
    after_seq: int,
    check: Callable[[], Awaitable[None]],
) -> AsyncIterator[list[Message]]:
    """Yield every message past a sequence, in batches, without end.

    `check` is called before a consumer is made, and may raise what ends this.

    Raises:
        LogClosed: the link was closed.
    """
    pauses = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
    while True:
        consumer = _Consumer(link, stream, filter_subject, after_seq)
        try:
            await check()
            await consumer.start()
            while batch := await consumer.take():
                after_seq = batch[-1].seq
                pauses.reset()
                yield batch
        except (StoreUnavailable, Lost, Refused, NatsError, OSError):
            pass  # retried until the link is closed
        finally:
            await consumer.end()
        if link.closed:
            raise LogClosed
        await asyncio.sleep(pauses.next_s())


class _Consumer:
    """Yield from one consumer, until something is wrong with it."""

    def __init__(self, link: Link, stream: str, filter_subject: str, after_seq: int) -> None:
        self._link = link
        self._stream = stream
        self._filter = filter_subject
        self._after_seq = after_seq
        self._name = f"tidings-{token_hex(8)}"
        self._received: list[Msg] = []
        self._moved = asyncio.Event()
        self._delivered = 0
        self._reconnects = link.reconnects
        self._subscription: Any = None

    async def start(self) -> None:
        """Subscribe, then create the consumer."""
        self._reconnects = self._link.reconnects
        self._link.on_change.add(self._moved.set)
        inbox = self._link.client.new_inbox()
        self._subscription = await self._link.client.subscribe(inbox, cb=self._on_message)
        config = {
            "name": self._name,
            "deliver_subject": inbox,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self._after_seq + 1,
            "filter_subject": self._filter,
            "ack_policy": "none",
            "max_deliver": 1,
            "mem_storage": True,
            "num_replicas": 1,
            "flow_control": True,
            "idle_heartbeat": int(_HEARTBEAT_S * 1e9),
            "inactive_threshold": int(_KEPT_S * 1e9),
        }
        await self._link.api(
            f"CONSUMER.CREATE.{self._stream}.{self._name}",
            {"stream_name": self._stream, "config": config, "action": "create"},
        )

    async def take(self) -> list[Message]:
        """Wait for messages; none once the consumer is dead."""
        while True:
            if self._link.closed or self._link.reconnects != self._reconnects:
                return []
            if self._received:
                received, self._received = self._received, []
                batch = await self._sort(received)
                if batch or batch is None:
                    return batch or []
            self._moved.clear()
            try:
                async with asyncio.timeout(_SILENCE_S):
                    await self._moved.wait()
            except TimeoutError:
                return []

    async def end(self) -> None:
        """Unsubscribe; the server deletes the consumer by itself."""
        self._link.on_change.discard(self._moved.set)
        if self._subscription is not None:
            try:
                await self._subscription.unsubscribe()
            except (NatsError, OSError):
                return  # the connection is gone, and its subscriptions too

    async def _on_message(self, message: Msg) -> None:
        self._received.append(message)
        if len(self._received) == 1:  # else it has the error already
            self._moved.set()

    async def _sort(self, received: list[Msg]) -> list[Message] | None:
        """Return the messages among what came; None when one is missing and there are no others."""
        batch: list[Message] = []
        for message in received:
            headers = message.headers or _NO_HEADERS
            if not message.data and status(message):
                if message.reply:  # flow control: the server waits for an answer
                    await self._link.publish(message.reply, b"", None)
                stalled = headers.get("Nats-Consumer-Stalled")
                if stalled:
                    await self._link.publish(stalled, b"", None)
                last = headers.get("Nats-Last-Consumer")
                if last is not None and int(last) != self._delivered:
                    self._reconnects = -1  # use what came; then recreate the consumer
                    return batch or None
                continue
            # $JS.ACK.[DOMAIN.ACCOUNT.]STREAM.CONSUMER.DELIVERED.SEQ.PLACE.TIME.PENDING[.RANDOM]
            words = message.reply.split(".")
            at = 5 if len(words) < 11 else 7
            if int(words[at + 1]) != self._delivered + 1:
                self._reconnects = -1
                return batch or None
            self._delivered += 1
            at_us = int(words[at + 2]) // 1000
            batch.append(Message(int(words[at]), at_us, message.subject, message.data, headers))
        return batch
