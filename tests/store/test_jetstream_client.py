"""What is done about the NATS library's ways."""

from __future__ import annotations

import asyncio

import pytest

from tests.aio import run_async
from tests.nats.servers import NatsServer
from tidings.store.jetstream_client import QuickClient, end_within


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


def test_a_call_that_ends_says_how() -> None:
    async def failing() -> None:
        raise ConnectionError("refused")

    async def main() -> None:
        with pytest.raises(ConnectionError, match="refused"):
            await end_within(1, failing())

    run_async(main())


def test_a_close_that_was_cancelled_has_closed_the_connection(nats: NatsServer) -> None:
    async def main() -> None:
        client = QuickClient()
        await client.connect(servers=[nats.url])
        closing = asyncio.create_task(client.close())
        asyncio.get_running_loop().call_soon(closing.cancel)  # after it began
        await asyncio.wait([closing])
        assert closing.cancelled(), "it had ended before"
        await client.close()
        assert client._transport.at_eof()  # type: ignore[union-attr]  # noqa: SLF001 - no other way

    run_async(main())
