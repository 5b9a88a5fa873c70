"""The connection to NATS: requests that are answered within a time, or fail as the store's own.

What may safely be asked twice is asked again until its time is up, through reconnects and changes
of leaders; so callers see one answer or one `StoreUnavailable`.
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
"""How long one question may take: through a reconnect, not through an election (up to 9 s)."""
ATTEMPT_S = 1.5
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 0.5
_AGAIN_S, _LONGEST_AGAIN_S = 0.5, 5.0

NO_RESPONDERS = "503"


class Refused(Exception):
    """JetStream's own answer to a request: no."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(str(error.get("description", error)))
        self.code = int(error.get("err_code", 0))


class Lost(Exception):
    """Nobody answered, or the connection was lost meanwhile: what was asked may be done or not."""


class Link:
    """One connection, which is made anew by itself whenever it is lost.

    `reconnects` counts how often; whoever waits for messages has to begin anew then.
    """

    def __init__(self) -> None:
        self.client = QuickClient()
        self.reconnects = 0
        self.closed = False
        self.on_change: set[Callable[[], None]] = set()
        self._many: dict[str, Many] = {}
        self._asked = 0
        self._inbox = ""
        self._connected = asyncio.Event()
        self._servers: Sequence[str] = ()
        self._options: Mapping[str, Any] = {}

    async def connect(self, servers: Sequence[str], options: Mapping[str, Any]) -> None:
        """Connect to one of the servers, and again whenever the connection is lost.

        Raises:
            StoreUnavailable: none of them lets us in.
        """
        self._servers, self._options = servers, options
        problems: dict[str, None] = {}  # each once, in the order of their coming

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
            pending_size=0,  # nothing is sent late: what cannot go out now has failed
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
        """End the connection; whoever still waits hears of it."""
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
        """Send a message that nobody answers.

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
        """Send a message and return its answers: so many, or all up to one with a status.

        Raises:
            Lost: they did not come in time.
        """
        self._asked += 1
        token = f"{self._asked}"
        many = self._many[token] = Many(count)
        try:
            async with asyncio.timeout(within_s) as patience:
                await self._send(subject, body, f"{self._inbox}.{token}", headers)
                await many.done.wait()
        except TimeoutError:
            if not patience.expired():
                raise
            raise Lost(f"no answer within {within_s:g} s") from None
        finally:
            del self._many[token]
        if many.lost:
            raise Lost("the connection was lost")
        if status(many.messages[-1]) == NO_RESPONDERS:
            raise Lost("nobody is there to answer")
        return many.messages

    async def api(
        self, subject: str, request: Mapping[str, Any] | None = None, *, within_s: float = ATTEMPT_S
    ) -> dict[str, Any]:
        """Ask JetStream's API, whose leader answers.

        Raises:
            Refused: its answer is no.
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
        """Ask a question that changes nothing twice, until it is answered.

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
        many = self._many.get(message.subject.rpartition(".")[2])
        if many is not None:
            many.take(message)

    async def _disconnected(self) -> None:
        self._connected.clear()
        for many in self._many.values():
            many.fail()

    async def _given_up(self, client: QuickClient) -> None:
        """Begin anew when the library does not try any longer: a server had refused us."""
        if client is not self.client:
            return  # it never was connected: `connect` says so to its caller
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
        """Let everybody begin anew who waits for messages."""
        self.reconnects += 1
        self._tell()

    async def _reconnected(self) -> None:
        self._connected.set()
        self.disturb()

    def _tell(self) -> None:
        for many in self._many.values():
            many.fail()
        for tell in list(self.on_change):
            tell()


class Many:
    """The answers to one question, as they come."""

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
        """Give up: what is missing will not come."""
        if not self.done.is_set():
            self.lost = True
            self.done.set()


def status(message: Msg) -> str:
    """Return a message's status, "100" to "503"; "" = it is an ordinary one."""
    return message.headers.get("Status", "") if message.headers else ""
