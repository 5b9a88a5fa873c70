"""What is done about the NATS library's ways."""

from __future__ import annotations

import asyncio

import pytest

from tests.aio import run_async
from tidings.store.jetstream_client import end_within


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
