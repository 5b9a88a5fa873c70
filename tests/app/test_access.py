"""Access control as an operator meets it: the policy file and its reload."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import structlog

from tests.aio import run_async
from tests.rpc.serving import MovableClock
from tidings.access.secret import hash_of
from tidings.app.exposure import refuse_exposure
from tidings.app.policy_loader import BadPolicyFile, PolicyLoader
from tidings.app.settings import load
from tidings.core.errors import Unauthenticated
from tidings.dialects import load as load_dialects
from tidings.log.event_log import EventLog
from tidings.rpc.access_control import AccessControl
from tidings.rpc.server import Views
from tidings.store.memory import MemoryStore

SECRET = "canary-of-ops"


def policy_file(secret: str = SECRET) -> str:
    return f'[[tokens]]\nname = "ops"\nhash = "{hash_of(secret)}"\nmanagement = true\n'


def _access() -> AccessControl:
    clock = MovableClock()
    views = Views.of(load_dialects(), clock)
    return AccessControl(
        EventLog(MemoryStore(clock=clock), clock=clock, envelope_of=views.envelope_of), clock
    )


def _knows(access: AccessControl, secret: str) -> bool:
    try:
        return access.directory.find(secret, 0).management
    except Unauthenticated:
        return False


async def _becomes(said: Callable[[], bool]) -> None:
    while not said():
        await asyncio.to_thread(os.sched_yield)


async def _following(loader: PolicyLoader, work: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(loader.follow())
        await work()
        following.cancel()


def test_a_changed_file_counts_and_a_wrong_one_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(policy_file())

    async def main() -> None:
        access = _access()
        loader = PolicyLoader(path, access, look_s=0.01)
        await loader.load()
        assert _knows(access, SECRET)

        async def work() -> None:
            with structlog.testing.capture_logs() as lines:
                path.write_text("tokens = 1")
                await _becomes(lambda: any(line["log_level"] == "error" for line in lines))
            assert _knows(access, SECRET)
            path.write_text(policy_file("another"))
            await _becomes(lambda: _knows(access, "another"))
            assert not _knows(access, SECRET)

        await _following(loader, work)

    run_async(main())


def test_a_reload_reads_the_file_without_a_change_of_its_time(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(policy_file())

    async def main() -> None:
        access = _access()
        loader = PolicyLoader(path, access, look_s=3600.0)
        await loader.load()

        async def work() -> None:
            path.write_text(policy_file("another"))
            loader.reload()
            await _becomes(lambda: _knows(access, "another"))

        await _following(loader, work)
        assert not _knows(access, SECRET)

    run_async(main())


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "No such file"), (b"\xff", "not UTF-8"), (b"x = 1", "x: no such table")],
)
def test_a_file_that_cannot_be_used_says_why(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    path = tmp_path / "policy.toml"
    if content is not None:
        path.write_bytes(content)

    async def main() -> None:
        with pytest.raises(BadPolicyFile, match=problem):
            await PolicyLoader(path, _access()).load()

    run_async(main())


def test_with_access_control_other_addresses_are_served() -> None:
    settings = load({"grpc": "0.0.0.0:0", "access_policy": "policy.toml"}, {}, None)
    assert refuse_exposure(settings, settings.grpc) is None
    alone = load({"grpc": "0.0.0.0:0"}, {}, None)
    assert "say --insecure" in (refuse_exposure(alone, alone.grpc) or "")
