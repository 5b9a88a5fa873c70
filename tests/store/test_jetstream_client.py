"""What is done about the NATS library's ways."""

from __future__ import annotations

import asyncio
import ssl
from itertools import pairwise

import pytest

from tests.kit.loop import run_async, scenario
from tests.nats.servers import NatsServer
from tidings.core.errors import StoreUnavailable
from tidings.store.jetstream.client import QuickClient, end_within
from tidings.store.jetstream.link import Link, Lost


def test_a_call_that_ignores_its_cancellation_is_told_again() -> None:
    told = 0

    async def deaf() -> None:
        nonlocal told
        while told < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                told += 1

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await end_within(0.01, deaf())

    run_async(main())
    assert told == 3


@scenario
async def test_a_call_that_ends_says_how() -> None:
    async def failing() -> None:
        raise ConnectionError("refused")

    with pytest.raises(ConnectionError, match="refused"):
        await end_within(1, failing())


@scenario
async def test_a_close_that_was_cancelled_has_closed_the_connection(nats: NatsServer) -> None:
    client = QuickClient()
    await client.connect(servers=[nats.url])
    closing = asyncio.create_task(client.close())
    asyncio.get_running_loop().call_soon(closing.cancel)  # after it began
    await asyncio.wait([closing])
    assert closing.cancelled(), "it had ended before"
    await client.close()
    assert client._transport.at_eof()  # type: ignore[union-attr]  # noqa: SLF001 - no other way


@scenario
async def test_a_connection_that_is_given_up_in_its_handshake_is_closed() -> None:
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"tls_required":true}\r\n')
        await reader.read(1)
        asked.set()
        await reader.read()
        writer.close()

    client = QuickClient()
    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        connecting = asyncio.create_task(
            client.connect([f"tls://{host}:{port}"], tls=ssl.create_default_context())
        )
        await asked.wait()
        connecting.cancel()
        await asyncio.wait([connecting])
        await client.close()


def test_a_question_that_nobody_answers_is_asked_less_and_less_often() -> None:
    asked_at_s: list[float] = []

    async def question() -> None:
        asked_at_s.append(asyncio.get_running_loop().time())
        raise Lost("no leader")

    async def main() -> None:
        link = Link()
        link._connected.set()  # noqa: SLF001 - a server answers, and has no leader
        with pytest.raises(StoreUnavailable, match="asking: no leader"):
            await link.insist("asking", question, patience_s=2.0)

    run_async(main())
    assert 4 <= len(asked_at_s) <= 12, "0.1 s, 0.2 s, 0.4 s, then every half second, less chance"
    pauses = [late - early for early, late in pairwise(asked_at_s)]
    assert pauses[0] < 0.2 < max(pauses)
