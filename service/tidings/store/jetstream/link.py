"""The connection to NATS: requests with a deadline that fail with the store's own errors.

Idempotent requests are retried until their deadline, through reconnects and changes of leaders; so
callers get one answer or one `StoreUnavailable`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from tidings.core.backoff import Backoff
from tidings.core.errors import LogClosed, StoreUnavailable
from tidings.store.jetstream.client import QuickClient, end_within

T = TypeVar("T")

PATIENCE_S = 4.0
"""How long one request may take: longer than a reconnect, shorter than an election (up to 9 s)."""
ATTEMPT_S = 1.5
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 0.5
_AGAIN_S, _LONGEST_AGAIN_S = 0.5, 5.0

NO_RESPONDERS = "503"
EXPECTED_LAST_SEQ = "Nats-Expected-Last-Subject-Sequence"
"""Header: store the message only if the newest of its subject has this sequence."""
WRONG_LAST_SEQ = frozenset({10071, 10164})
"""Error codes for it: another message is the newest."""


class Refused(Exception):
    """JetStream refused a request."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(str(error.get("description", error)))
        self.code = int(error.get("err_code", 0))


class Lost(Exception):
    """No answer came, or the connection was lost: the request may have been carried out or not."""


class Link:
    """One connection, which reconnects by itself whenever it is lost.

    `reconnects` counts how often; consumers have to start again then.
    """

    def __init__(self) -> None:
        self.client = QuickClient()
        self.reconnects = 0
        self.closed = False
        self.on_change: set[Callable[[], None]] = set()
        self._replies: dict[str, Replies] = {}
        self._asked = 0
        self._inbox = ""
        self._connected = asyncio.Event()
        self._servers: Sequence[str] = ()
        self._options: Mapping[str, Any] = {}

    async def connect(self, servers: Sequence[str], options: Mapping[str, Any]) -> None:
        """Connect to one of the servers, and again whenever the connection is lost.

        Raises:
            StoreUnavailable: none of them accepts the connection.
        """
        self._servers, self._options = servers, options
        problems: dict[str, None] = {}  # each once, in order of arrival

        async def note(error: Exception) -> None:
            problems[str(error)] = None

        client = QuickClient()
        connecting = client.connect(
            servers=list(servers),
            name="tidings",
            allow_reconnect=True,
            connect_timeout=2,
            reconnect_time_wait=0.2,  # type: ignore[arg-type]  # it sleeps for it
            max_reconnect_attempts=-1,
            ping_interval=1,
            max_outstanding_pings=2,
            pending_size=0,  # nothing is sent late: what cannot be sent now has failed
            error_cb=note,
            disconnected_cb=self._disconnected,
            reconnected_cb=self._reconnected,
            closed_cb=partial(self._given_up, client),
            **options,
        )
        try:
            await end_within(PATIENCE_S * 2, connecting)
        except (NatsError, OSError, TimeoutError) as error:
            await client.close()  # or its last attempt would stay open
            cause = "; ".join(problems) or str(error)
            raise StoreUnavailable(f"connecting to {', '.join(servers)}: {cause}") from error
        self.client = client
        self._inbox = client.new_inbox()
        await client.subscribe(f"{self._inbox}.*", cb=self._take)
        self._connected.set()

    async def close(self) -> None:
        """End the connection; pending calls get an error."""
        self.closed = True
        self._tell()
        await self.client.close()

    async def ready(self, within_s: float) -> None:
        """Wait for the connection, if it is away.

        Raises:
            Lost: it did not come back in time; nothing was sent.
        """
        try:
            async with asyncio.timeout(within_s):
                await self._connected.wait()
        except TimeoutError:
            raise Lost("there is no connection") from None

    async def publish(self, subject: str, body: bytes, headers: dict[str, str] | None) -> None:
        """Send a message that has no answer.

        Raises:
            Lost: there is no connection.
        """
        await self._send(subject, body, "", headers)

    async def ask(
        self, subject: str, body: bytes, *, headers: dict[str, str] | None = None, within_s: float
    ) -> Msg:
        """Send a message and return its answer.

        Raises:
            Lost: nobody answered in time.
        """
        return (await self.ask_many(subject, body, headers=headers, within_s=within_s, count=1))[0]

    async def ask_many(
        self,
        subject: str,
        body: bytes,
        *,
        headers: dict[str, str] | None = None,
        within_s: float,
        count: int | None = None,
    ) -> list[Msg]:
        """Send a message and return its answers: a number of them, or all up to one with a status.

        Raises:
            Lost: they did not come in time.
        """
        self._asked += 1
        token = f"{self._asked}"
        replies = self._replies[token] = Replies(count)
        try:
            async with asyncio.timeout(within_s) as patience:
                await self._send(subject, body, f"{self._inbox}.{token}", headers)
                await replies.done.wait()
        except TimeoutError:
            if not patience.expired():
                raise
            raise Lost(f"no answer within {within_s:g} s") from None
        finally:
            del self._replies[token]
        if replies.lost:
            raise Lost("the connection was lost")
        if status(replies.messages[-1]) == NO_RESPONDERS:
            raise Lost("nobody is there to answer")
        return replies.messages

    async def api(
        self, subject: str, request: Mapping[str, Any] | None = None, *, within_s: float = ATTEMPT_S
    ) -> dict[str, Any]:
        """Call JetStream's API, which the leader answers.

        Raises:
            Refused: the server refused.
            Lost: nobody answered in time.
        """
        body = json.dumps(request).encode() if request is not None else b""
        answer = await self.ask(f"$JS.API.{subject}", body, within_s=within_s)
        found: dict[str, Any] = json.loads(answer.data)
        if "error" in found:
            raise Refused(found["error"])
        return found

    async def insist(
        self, doing: str, question: Callable[[], Awaitable[T]], patience_s: float = PATIENCE_S
    ) -> T:
        """Send an idempotent request until it is answered.

        Raises:
            LogClosed: the link was closed.
            StoreUnavailable: it was refused, or not answered in time.
        """
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + patience_s
        pauses = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        while True:
            if self.closed:
                raise LogClosed
            pause_s = pauses.next_s()
            try:
                return await question()
            except Lost as error:
                if loop.time() + pause_s >= deadline_s:
                    raise StoreUnavailable(f"{doing}: {error}") from error
            except Refused as error:
                raise StoreUnavailable(f"{doing}: {error}") from error
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, deadline_s - loop.time())):
                    await self._connected.wait()
                    await asyncio.sleep(pause_s)

    async def _send(
        self, subject: str, body: bytes, reply: str, headers: dict[str, str] | None
    ) -> None:
        try:
            await self.client.publish(subject, body, reply=reply, headers=headers)
        except (NatsError, OSError) as error:
            raise Lost(f"{error}" or type(error).__name__) from error

    async def _take(self, message: Msg) -> None:
        replies = self._replies.get(message.subject.rpartition(".")[2])
        if replies is not None:
            replies.take(message)

    async def _disconnected(self) -> None:
        self._connected.clear()
        for replies in self._replies.values():
            replies.fail()

    async def _given_up(self, client: QuickClient) -> None:
        """Connect again when the library has given up, because a server had refused us."""
        if client is not self.client:
            return  # it never was connected: `connect` raises
        self._connected.clear()
        pauses = Backoff(_AGAIN_S, _LONGEST_AGAIN_S)
        while not self.closed:
            try:
                await self.connect(self._servers, self._options)
            except StoreUnavailable:
                await asyncio.sleep(pauses.next_s())
            else:
                self.disturb()
                break
        if self.closed:
            await self.client.close()  # `close` found the one before

    def disturb(self) -> None:
        """Let all consumers start again."""
        self.reconnects += 1
        self._tell()

    async def _reconnected(self) -> None:
        self._connected.set()
        self.disturb()

    def _tell(self) -> None:
        for replies in self._replies.values():
            replies.fail()
        for tell in list(self.on_change):
            tell()


class Replies:
    """The answers to one request, as they arrive."""

    def __init__(self, count: int | None) -> None:
        self.messages: list[Msg] = []
        self.lost = False
        self.done = asyncio.Event()
        self._count = count

    def take(self, message: Msg) -> None:
        """Take the next answer."""
        self.messages.append(message)
        if len(self.messages) == self._count or status(message):
            self.done.set()

    def fail(self) -> None:
        """Stop waiting: missing answers will not come."""
        if not self.done.is_set():
            self.lost = True
            self.done.set()


def status(message: Msg) -> str:
    """Return a message's status, "100" to "503"; "" = it has none."""
    return message.headers.get("Status", "") if message.headers else ""
