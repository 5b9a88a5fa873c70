"""Servers for the tests that need real processes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.browser import Browser, browsing
from tests.e2e.envoy import envoy_before
from tests.e2e.envoy_pair import Pair
from tests.e2e.envoy_requests import PUBLISHED, post
from tests.e2e.guarded import GuardedServer, guarding
from tests.kit.server import Server, serving, tidings


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, so that it may be killed."""
    with serving(tmp_path / "data") as running:
        yield running


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedServer]:
    """A server with access control that a module's tests share."""
    with guarding(tmp_path_factory.mktemp("guarded")) as running:
        yield running


@pytest.fixture(scope="module")
def browser(client_python: Callable[[str], Path]) -> Iterator[Browser]:
    """A browser that a module's tests share; each opens a page of its own."""
    with browsing(client_python("playwright")) as running:
        yield running


@pytest.fixture(scope="module")
def pair(
    guarded: GuardedServer, envoy_program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    service = "/api/app/v1/acme/service/8/"
    audit = {"type": "service", "action": "update", "state": "Running", "resource_uri": service}
    guarded.publish("docker-cloud", json.dumps(audit).encode())
    folder = tmp_path_factory.mktemp("envoy")
    with envoy_before(envoy_program, guarded.server.grpc, folder) as address:
        pair = Pair(guarded, address)
        for _ in range(2):  # from now on its answer is that of a duplicate
            assert all(reply.status == 200 for reply in pair.both(post(PUBLISHED)))
        yield pair


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of yesterday's log."""
    data = tmp_path_factory.mktemp("day") / "data"
    assert tidings("demo", "--day", str(data)).returncode == 0
    with serving(data) as server:
        yield server


@pytest.fixture(scope="module")
def span() -> str:
    """Yesterday in UTC, as the address has it."""
    until = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return f"from={until - timedelta(days=1):%FT%TZ}&until={until:%FT%TZ}"


@pytest.fixture(scope="module")
def noon(span: str) -> str:
    """The middle of that day."""
    return f"{span[5:15]}T12:00:00Z"
