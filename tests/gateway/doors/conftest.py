"""Gateways for the doors' tests: over a real service, and over one that does what a test says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.doors.fake import FakeService, faking
from tests.gateway.doors.guard import Guard, guarding
from tests.kit.http import Http, gateway
from tests.rpc.serving import serving


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Where a test's own service listens."""
    return f"unix:{tmp_path / 'socket'}"


@pytest.fixture
def http(address: str) -> Iterator[Http]:
    """A gateway over a real service with an empty log."""
    with serving(address) as served, gateway(served.server, address) as running:
        yield running


@pytest.fixture(scope="module")
def shared_http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http]:
    """A gateway over a real service that a module's tests share: for what changes nothing."""
    address = f"unix:{tmp_path_factory.mktemp('grpc') / 'socket'}"
    with serving(address) as served, gateway(served.server, address) as running:
        yield running


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guard]:
    """A gateway over a real service with access control that a module's tests share."""
    with guarding(f"unix:{tmp_path_factory.mktemp('guard') / 'socket'}") as running:
        yield running


@pytest.fixture
def fake(address: str) -> Iterator[FakeService]:
    """A service that does what the test says; `fake.http` is the gateway over it."""
    with faking(address) as service:
        yield service
