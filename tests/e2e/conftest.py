"""Servers for the tests that need real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.guarded import GuardedServer, guarding
from tests.e2e.rig import Server, serving


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
