"""The service's metrics over HTTP."""

from __future__ import annotations

import asyncio
import socket
import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Counter

from tests.aio import run_async
from tests.patience import PATIENCE_S
from tidings.app.kinds import Address
from tidings.app.metrics_page import serve_metrics

ANY_PORT = Address("127.0.0.1", 0)


def fetch(port: int | None) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as answer:
        page: str = answer.read().decode()
        return page


def test_what_is_counted_can_be_fetched_until_it_ends() -> None:
    async def main() -> None:
        registry = CollectorRegistry()
        Counter("things", "Things.", registry=registry).inc(3)
        async with serve_metrics(registry, ANY_PORT) as port:
            assert "things_total 3.0" in (await asyncio.to_thread(fetch, port)).splitlines()
        with pytest.raises(OSError, match="refused"):
            fetch(port)

    run_async(main())


def test_without_an_address_nothing_is_served() -> None:
    async def main() -> None:
        async with serve_metrics(CollectorRegistry(), None) as port:
            assert port is None

    run_async(main())


def test_an_address_that_is_taken_is_named() -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = Address("127.0.0.1", taken.getsockname()[1])
            with pytest.raises(OSError, match=f"cannot listen on {address}"):
                async with serve_metrics(CollectorRegistry(), address):
                    raise AssertionError("it serves")

    run_async(main())
