"""Connections that have still to shake hands: they count, and have their time, like all others."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tests.certificates import Authority
from tests.kit.gateway import Gateway, Talk, gateway
from tests.patience import PATIENCE_S

GET = b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n"
Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a test on one loop or the other, bounded."""

    def run_on(main: Coroutine[Any, Any, None]) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(PATIENCE_S):
                await main

        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(bounded())

    return run_on


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context, and one of its clients."""
    folder: Path = tmp_path_factory.mktemp("tls")
    authority = Authority(folder, "authority")
    pair = authority.issue("gateway")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pair.cert, pair.key)
    return server, ssl.create_default_context(cafile=str(authority.file))


async def secured(running: Gateway, context: ssl.SSLContext) -> Talk:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port, ssl=context)
    return Talk(reader, writer)


async def ended(talk: Talk) -> None:
    """Wait for the end of a connection that nothing is said on."""
    with contextlib.suppress(ConnectionResetError):
        assert await talk.reader.read() == b""


async def count(running: Gateway, context: ssl.SSLContext, limit: str) -> float:
    talk = await secured(running, context)
    await talk.ask("GET", "/metrics")
    page = (await talk.answer()).body.decode()
    await talk.close()
    prefix = f'tidings_http_refused_total{{limit="{limit}"}} '
    found = [line.removeprefix(prefix) for line in page.splitlines() if line.startswith(prefix)]
    return float(found[0]) if found else 0.0


def test_requests_over_tls_are_answered(
    run: Run, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    server, client = contexts

    async def main() -> None:
        async with gateway(tls=server) as running:
            for _ in range(20):
                talk = await secured(running, client)
                for _ in range(2):
                    await talk.send(GET)
                    assert (await talk.answer()).status == 200
                await talk.ask("GET", "/orchestrator/v1/jobs/1/events")
                assert (await talk.answer()).status == 404
                await talk.close()

    run(main())


def test_who_says_nothing_is_dropped_in_time_and_counts_until_then(
    run: Run, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    server, client = contexts

    async def main() -> None:
        async with gateway(tls=server, http_connections=20, http_head_time=3) as running:
            silent = [await running.connect() for _ in range(60)]
            for talk in silent[20:]:
                await ended(talk)  # at once: they are beyond the cap
            with pytest.raises(OSError):  # noqa: PT011 - a reset, or TLS that ends early
                await secured(running, client)
            for talk in silent[:20]:
                await ended(talk)
            talk = await secured(running, client)
            await talk.send(GET)
            assert (await talk.answer()).status == 200
            await talk.close()
            assert await count(running, client, "connections") == 41
            assert await count(running, client, "tls_handshake") == 20
            for each in silent:
                await each.close()

    run(main())


def test_the_time_of_a_handshake_is_the_heads_as_well(
    run: Run, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    server, client = contexts

    async def main() -> None:
        async with gateway(tls=server, http_head_time=0.5) as running:
            talk = await secured(running, client)
            await talk.send(GET[:-2])
            assert (await talk.answer()).status == 408
            await talk.close()

    run(main())


@pytest.mark.parametrize("data", [GET, b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 1000])
def test_what_is_no_handshake_ends_that_connection_alone(
    run: Run, contexts: tuple[ssl.SSLContext, ssl.SSLContext], data: bytes
) -> None:
    server, client = contexts

    async def main() -> None:
        async with gateway(tls=server, http_head_time=0.5) as running:
            for _ in range(3):
                talk = await running.connect()
                await talk.send(data)
                with contextlib.suppress(ConnectionResetError):
                    assert b"HTTP" not in await talk.reader.read()
                await talk.close()
            hasty = await running.connect()
            await hasty.send(data)
            await hasty.close()
            assert await count(running, client, "tls_handshake") >= 3

    run(main())


def test_going_down_waits_for_no_handshake(
    run: Run, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    server, client = contexts

    async def main() -> None:
        async with gateway(tls=server, http_head_time=3600.0, grace_s=10.0) as running:
            silent = await running.connect()
            await count(running, client, "connections")  # by now it is known
            running.shutdown.set()
            await ended(silent)
            await running.serving
            await silent.close()

    run(main())
