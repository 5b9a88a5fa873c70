"""The supervisor of `tidings serve`: in which order it starts what it keeps alive."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.kit.jumping import turns
from tests.kit.loop import becomes, scenario
from tidings.app import logs, supervisor
from tidings.app.lifeline import FAILED_TO_START, STORE_AWAY
from tidings.app.settings import Settings
from tidings.app.supervisor import DEATHS_ALLOWED, ChildrenFailed, Supervisor
from tidings.core.setting_kinds import Address

SAID = {"service": "grpc=127.0.0.1:1", "gateway": "http=127.0.0.1:2"}


@dataclass
class Started:
    """What was started, and when it may answer."""

    commands: list[str] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    lives: deque[tuple[bool, int]] = field(default_factory=deque)
    """Of the service: whether it answers, and the status with which it then ends by itself."""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    made = Started()

    @dataclass
    class Process:
        """Stands in for a child process."""

        command: str
        settings: Settings
        extra_flags: Sequence[str]
        inherited_fds: Sequence[int] = ()
        own_secret: str = ""
        name: str = ""
        process: None = None
        ended: asyncio.Event = field(default_factory=asyncio.Event)
        status: int | None = None

        async def start(self) -> str | None:
            self.name = self.name or self.command
            made.commands.append(self.command)
            await made.may_answer.wait()
            answers, self.status = True, None
            if self.command == "service" and made.lives:
                answers, self.status = made.lives.popleft()
            return SAID.get(self.command) if answers else None

        async def wait(self) -> int:
            if self.status is not None:
                return self.status
            await self.ended.wait()
            return 0

        async def gone(self) -> None:
            await self.ended.wait()

        def signal(self, _number: int) -> None:
            self.ended.set()

    monkeypatch.setattr(supervisor, "Child", Process)
    monkeypatch.setattr(logs, "configure_logs", lambda *_, **__: None)  # of the whole process
    return made


@scenario
async def test_what_only_waits_for_the_service_starts_when_that_answers(
    tmp_path: Path, started: Started, capsys: pytest.CaptureFixture[str]
) -> None:
    serving = Supervisor(Settings(data=tmp_path, http=Address("127.0.0.1", 0)))
    running = asyncio.create_task(serving.run())
    await becomes(lambda: len(started.commands) > 1)
    await turns(10)
    assert sorted(started.commands) == ["gateway", "service"]
    started.may_answer.set()
    await becomes(lambda: "index" in started.commands)
    assert capsys.readouterr().out == "ready http=127.0.0.1:2 grpc=127.0.0.1:1\n"
    serving.stop()
    await running


@scenario
async def test_stopped_before_it_answers_it_starts_nothing_more(
    tmp_path: Path, started: Started, capsys: pytest.CaptureFixture[str]
) -> None:
    serving = Supervisor(Settings(data=tmp_path, http=Address("127.0.0.1", 0)))
    running = asyncio.create_task(serving.run())
    await becomes(lambda: len(started.commands) > 1)
    await turns(10)
    serving.stop()
    started.may_answer.set()
    await running
    assert sorted(started.commands) == ["gateway", "service"]
    assert capsys.readouterr().out in ("", "ready http=127.0.0.1:2 grpc=127.0.0.1:1\n")


@scenario
async def test_a_service_that_has_served_waits_for_its_store(
    tmp_path: Path, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "AWAY_FIRST_S", 0.0)
    away = 3 * DEATHS_ALLOWED
    started.may_answer.set()
    started.lives.extend([(True, -9), *[(False, STORE_AWAY)] * away])
    serving = Supervisor(Settings(data=tmp_path, http=Address("127.0.0.1", 0)))
    running = asyncio.create_task(serving.run())
    await becomes(lambda: started.commands.count("service") == away + 2)
    serving.stop()
    await running


@pytest.mark.parametrize(
    ("lives", "starts"),
    [
        pytest.param([(False, STORE_AWAY)] * 9, DEATHS_ALLOWED, id="it never served"),
        pytest.param([(True, 1)] * 9, DEATHS_ALLOWED, id="it dies of something else"),
        pytest.param([(True, -9), (False, FAILED_TO_START)], 2, id="no restart would help"),
    ],
)
@scenario
async def test_a_service_that_cannot_be_kept_alive_ends_the_supervisor(
    lives: list[tuple[bool, int]],
    starts: int,
    tmp_path: Path,
    started: Started,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervisor, "BACKOFF_S", (0.0,) * DEATHS_ALLOWED)
    started.may_answer.set()
    started.lives.extend(lives)
    serving = Supervisor(Settings(data=tmp_path, http=Address("127.0.0.1", 0)))
    with pytest.raises(ChildrenFailed):
        await serving.run()
    assert started.commands.count("service") == starts
