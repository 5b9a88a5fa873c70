"""Which metrics each of several gateways shows."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest

from tests.kit.loop import scenario
from tidings.app.metrics_page import tell_metrics
from tidings.app.part_names import SERVICE, socket_of
from tidings.app.parts import Pages, pages_of


def registry_that_counts(name: str, count: float) -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter(name, "Things.", registry=registry).inc(count)
    return registry


def samples_of(page: bytes) -> list[str]:
    lines = page.decode().splitlines()
    return sorted(line for line in lines if line[0] != "#" and "_created" not in line)


@scenario
async def test_each_of_two_gateways_shows_both(tmp_path: Path) -> None:
    place = str(tmp_path / "service.sock")
    pages = [pages_of(registry_that_counts("things", n), n, 2, place) for n in (1, 2)]
    async with AsyncExitStack() as stack:
        for each in pages:
            await stack.enter_async_context(tell_metrics(each.own, each.told_at))
        service = registry_that_counts("records", 3)
        await stack.enter_async_context(tell_metrics(service, socket_of(SERVICE, place)))
        shown = [await shown_by(each) for each in pages]
        whole = samples_of(generate_latest(pages[0].whole))
    things = [f'things_total{{process="gateway-{n}"}} {n}.0' for n in (1, 2)]
    ups = [f'tidings_up{{process="gateway-{n}"}} 1.0' for n in (1, 2)]
    assert shown == [[*things, *ups]] * 2
    assert whole == ["records_total 3.0", *things, *ups, 'tidings_up{process="service"} 1.0']


async def shown_by(pages: Pages) -> list[str]:
    """Return what `/metrics` of a gateway shows that has others beside it."""
    assert pages.gateways is not None
    return samples_of(generate_latest(await pages.gateways.asked()))


def lone(tmp_path: Path) -> Pages:
    return pages_of(registry_that_counts("things", 1), 1, 1, str(tmp_path / "service.sock"))


def test_a_lone_gateway_has_no_label(tmp_path: Path) -> None:
    pages = lone(tmp_path)
    assert pages.gateways is None
    assert samples_of(generate_latest(pages.whole)) == [
        "things_total 1.0",
        'tidings_up{process="gateway"} 1.0',
        'tidings_up{process="service"} 0.0',
    ]


UPS_OF_ONE = ['tidings_up{process="gateway-1"} 1.0', 'tidings_up{process="gateway-2"} 0.0']


@scenario
async def test_a_gateway_that_is_away_is_named(tmp_path: Path) -> None:
    one = pages_of(CollectorRegistry(), 1, 2, str(tmp_path / "service.sock"))
    assert await shown_by(one) == UPS_OF_ONE


@scenario
async def test_a_gateway_that_hangs_costs_no_thread_and_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (
        pages_of(CollectorRegistry(), n, 2, str(tmp_path / "service.sock")) for n in (1, 2)
    )
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(other.told_at))
        hanging.listen()
        hanging.settimeout(0.0)  # as loops want it
        threads = set(threading.enumerate())
        asking = [asyncio.create_task(shown_by(one)) for _ in range(50)]
        loop = asyncio.get_running_loop()
        asked = [(await loop.sock_accept(hanging))[0] for _ in asking]
        assert set(threading.enumerate()) <= threads, "one that ends is another test's"
        for task in asking:
            task.cancel()
        await asyncio.wait(asking)
        assert {len(each.recv(1)) for each in asked} == {0}, "those who left hold no connection"
        for each in asked:
            each.close()
        monkeypatch.setattr("tidings.app.metrics_page._WITHIN_S", 0.0)
        assert await shown_by(one) == UPS_OF_ONE
