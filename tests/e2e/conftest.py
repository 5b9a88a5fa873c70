"""Servers for the tests that need real processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.envoy import envoy_before
from tests.e2e.envoy_pair import Pair
from tests.e2e.envoy_requests import PUBLISHED, post
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
