"""pytest-grpc's fixtures over grpc.aio: its server is replaced, channel and stub are its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE_S
from tests.rpc.serving import Deployment, LoopServer, Served, serving
from tidings.rpc import deadlines
from tidings.v1.event_service_pb2_grpc import EventServiceStub


@pytest.fixture(scope="module")
def grpc_addr(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the module's service listens; pytest-grpc's own picks a port that others may take."""
    return f"unix:{tmp_path_factory.mktemp('grpc') / 'socket'}"


@pytest.fixture(scope="module")
def _grpc_server(grpc_addr: str) -> LoopServer:
    return LoopServer()


@pytest.fixture(scope="module")
def grpc_servicer() -> Deployment:
    return Deployment()


@pytest.fixture(scope="module")
def grpc_add_to_server() -> Callable[[Deployment, LoopServer], None]:
    return lambda deployment, server: server.deploy(deployment)


@pytest.fixture(scope="module")
def grpc_stub_cls() -> type[EventServiceStub]:
    return EventServiceStub


@pytest.fixture(scope="module")
def stub(grpc_stub: Any) -> EventServiceStub:
    """The module's service, shared by its tests: each counts from what it published itself."""
    assert isinstance(grpc_stub, EventServiceStub)
    return grpc_stub


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Where a test's own service listens."""
    return f"unix:{tmp_path / 'socket'}"


@pytest.fixture
def far_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits is answered at once: nearly all of a deadline is kept for the answer's way."""
    monkeypatch.setattr(deadlines, "ANSWER_AHEAD_S", PATIENCE_S - 0.05)
    monkeypatch.setattr(deadlines, "AHEAD_AT_MOST", 1.0)


@pytest.fixture
def served(address: str) -> Iterator[Served]:
    """A service of the test's own."""
    with serving(address) as one:
        yield one
