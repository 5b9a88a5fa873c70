"""The address for metrics: what it shows, to whom, and what it takes for that."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import urllib.request
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from structlog.testing import capture_logs

from tests.kit.loop import scenario
from tests.patience import PATIENCE_S
from tidings.app import metrics_listener
from tidings.app.metrics_listener import hosts_of, serve_metrics
from tidings.app.settings import Settings
from tidings.core.setting_kinds import Address

ANY_PORT = Address("127.0.0.1", 0)
DEFAULTS = Settings()
REFUSAL = "without access control only this machine's own names are served"
FOREIGN = "pages of this origin may not ask here"


@pytest.fixture(autouse=True)
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_listener, "_LOOK_S", 0.01)


@asynccontextmanager
async def showing(registry: Collector, settings: Settings = DEFAULTS) -> AsyncIterator[int]:
    """Lend the port of a page."""
    async with serve_metrics(registry, ANY_PORT, settings) as port:
        assert port is not None
        yield port


def fetch(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as answer:
        page: str = answer.read().decode()
        return page


def told(port: int, request: str) -> bytes:
    """Return all that is answered to the bytes of a request, until the connection ends."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as sock:
        sock.sendall(request.encode("latin-1"))
        with sock.makefile("rb") as answer:
            return answer.read()


@scenario
async def test_what_is_counted_can_be_fetched_until_it_ends() -> None:
    registry = CollectorRegistry()
    Counter("things", "Things.", registry=registry).inc(3)
    async with showing(registry) as port:
        assert "things_total 3.0" in (await asyncio.to_thread(fetch, port)).splitlines()
    with pytest.raises(OSError, match="refused"):
        fetch(port)


@pytest.mark.parametrize(
    ("version", "headers", "status", "words"),
    [
        ("1.1", ("Host: localhost",), 200, ""),
        ("1.1", ("Host: 127.0.0.1:4652",), 200, ""),
        ("1.1", ("Host: Named.example:4652",), 200, ""),
        ("1.1", ("Host: evil.example",), 421, REFUSAL),
        ("1.1", ("Host: 192.0.2.7:4652",), 421, REFUSAL),
        ("1.0", ("Host: evil.example",), 421, REFUSAL),
        ("1.0", (), 200, ""),
        ("1.1", (), 400, "host: the header must be given once"),
        ("1.1", ("Host: localhost", "Host: localhost"), 400, "host: the header must be given once"),
        ("1.1", ("Host: a b",), 400, "host: not a host and port"),
        ("1.1", ("Host: localhost", "Origin: https://evil.example"), 403, FOREIGN),
        ("1.1", ("Host: localhost", "Origin: http://localhost:8080"), 403, FOREIGN),
        ("1.1", ("Host: localhost", "Origin: null"), 403, FOREIGN),
        ("1.0", ("Origin: https://evil.example",), 403, FOREIGN),
        ("1.1", ("Host: localhost:4652", "Origin: http://localhost:4652"), 200, ""),
        ("1.1", ("Host: localhost", "Origin: https://Console.example:443"), 200, ""),
        (
            "1.1",
            ("Host: localhost", *["Origin: http://localhost"] * 2),
            400,
            "origin: the header must not be given twice",
        ),
    ],
)
@scenario
async def test_it_is_shown_under_our_names_and_to_pages_of_our_origins(
    version: str, headers: tuple[str, ...], status: int, words: str
) -> None:
    registry = CollectorRegistry()
    Counter("things", "Things.", registry=registry)
    settings = Settings(
        http_allow_host=("named.example",), http_allow_origin=("https://console.example",)
    )
    async with showing(registry, settings) as port:
        request = "\r\n".join([f"GET /metrics HTTP/{version}", *headers, "", ""])
        head, _, body = (await asyncio.to_thread(told, port, request)).partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    assert body.decode().startswith(words)
    assert (b"things_total" in body) == (status == 200)


@pytest.mark.parametrize(
    ("settings", "hosts"),
    [
        (Settings(), set()),
        (Settings(metrics=Address("::1", 4652), http_allow_host=("a", "b")), {"::1", "a", "b"}),
        (Settings(metrics=ANY_PORT, access_policy="policy.toml", http_allow_host=("a",)), {"*"}),
    ],
)
def test_which_names_those_are(settings: Settings, hosts: set[str]) -> None:
    assert hosts_of(settings) == hosts


@scenario
async def test_a_connection_too_many_is_told_so_and_place_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics_listener, "MAX_CONNECTIONS", 1)
    async with showing(CollectorRegistry()) as port:
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as first:
            refused = await asyncio.to_thread(told, port, "")
            assert refused.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
            first.shutdown(socket.SHUT_WR)
            assert await asyncio.to_thread(first.recv, 1) == b""
        assert await asyncio.to_thread(fetch, port) == ""


@scenario
async def test_a_connection_that_takes_too_long_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_listener, "ENDS_AFTER_S", 0.0)
    async with showing(CollectorRegistry()) as port:
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as slow:
            slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")  # and no end of the head
            assert await asyncio.to_thread(slow.recv, 1) == b""


class Broken(Collector):
    """A page that fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def collect(self) -> Iterable[Metric]:
        raise self._error


@pytest.mark.parametrize(
    ("error", "said"),
    [(ConnectionResetError(), []), (KeyError("x"), ["the page of metrics failed"])],
)
@scenario
async def test_a_page_that_fails_is_a_log_line_and_a_client_that_left_is_none(
    error: Exception, said: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    with capture_logs() as logged:
        async with showing(Broken(error)) as port:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(fetch, port)
    assert [line["event"] for line in logged if line["log_level"] == "error"] == said
    assert capfd.readouterr().err == ""


@scenario
async def test_without_an_address_nothing_is_served() -> None:
    async with serve_metrics(CollectorRegistry(), None, DEFAULTS) as port:
        assert port is None


@scenario
async def test_an_address_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Address("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(OSError, match=f"cannot listen on {address}"):
            async with serve_metrics(CollectorRegistry(), address, DEFAULTS):
                raise AssertionError("it serves")
