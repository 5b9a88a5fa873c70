"""Backups that a service makes by schedule, each checked; old ones are deleted.

Each is made by `tidings backup` in a process of its own, which is one more client of the service:
so with any store publishers come first, and the check of a whole copy does not block the service.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from tidings.app.own_secret import environment_with
from tidings.app.settings import Settings
from tidings.core.clock import Clock
from tidings.store.sqlite.file import FILE_NAME, UNFINISHED_NAME

_log = structlog.get_logger("tidings.backup")

_FORM = "%Y-%m-%dT%H%M%SZ"
_NAME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{6}Z")
_NAME_OF = "tidings backup: "
_LOOK_S = 60.0
"""Longest pause: a changed clock or a deleted backup is noticed within it."""
_AFTER_FAILURE_S = 600.0

Run = Callable[[Path], Awaitable[str]]
"""Makes one backup and returns why it failed, "" = it is complete."""


class Backups:
    """Makes a backup below `folder` whenever the newest is older than `every_s`; keeps `keep`.

    Their names are the times at which they were begun, so that the schedule survives restarts, and
    other files there are left alone. An incomplete one, after a kill, is deleted with the next
    complete one.
    """

    def __init__(
        self, folder: Path, every_s: float, keep: int, *, clock: Clock, registry: CollectorRegistry
    ) -> None:
        self._folder = folder
        self._every_s = every_s
        self._keep = keep
        self._clock = clock
        newest = Gauge(
            "tidings_backup_timestamp_seconds",
            "When the newest complete scheduled backup was begun; 0 = there is none.",
            registry=registry,
        )
        newest.set_function(self._newest_s)
        self._made = Counter(
            "tidings_backups",
            "Scheduled backups by outcome: made or failed.",
            ["outcome"],
            registry=registry,
        )

    async def run(
        self, make: Run, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """Make backups as they are due, until cancelled."""
        while True:
            due_s = await asyncio.to_thread(self._newest_s) + self._every_s
            wait_s = due_s - self._clock.now_us() / 1e6
            if wait_s > 0:
                await sleep(min(wait_s, _LOOK_S))
            elif not await self._make_one(make):
                await sleep(min(_AFTER_FAILURE_S, self._every_s))

    async def _make_one(self, make: Run) -> bool:
        began_us = self._clock.now_us()
        name = datetime.fromtimestamp(began_us // 1_000_000, UTC).strftime(_FORM)
        place = self._folder / name
        problem = await make(place)
        outcome = "failed" if problem else "made"
        self._made.labels(outcome=outcome).inc()
        if problem:
            _log.error("backup failed", place=str(place), problem=problem)
            await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)
            return False
        gone = await asyncio.to_thread(self._forget_old)
        taken_s = round((self._clock.now_us() - began_us) / 1e6, 1)
        _log.info("backup made", place=str(place), seconds=taken_s, deleted=gone)
        return True

    def _there(self, file: str = FILE_NAME) -> list[Path]:
        """Return the backups that are complete, or hold another file, the oldest first."""
        if not self._folder.is_dir():
            return []
        named = (each for each in self._folder.iterdir() if _NAME.fullmatch(each.name))
        return sorted(each for each in named if (each / file).is_file())

    def _newest_s(self) -> float:
        there = self._there()
        if not there:
            return 0.0
        return datetime.strptime(there[-1].name, _FORM).replace(tzinfo=UTC).timestamp()

    def _forget_old(self) -> int:
        old = [*self._there()[: -self._keep], *self._there(UNFINISHED_NAME)]
        for each in old:
            shutil.rmtree(each, ignore_errors=True)
        return len(old)


@contextmanager
def socket_for_backups(settings: Settings, unix_path: str | None) -> Iterator[str | None]:
    """Lend the path of a unix socket by which backups reach the service; None = none are made.

    It is the supervisor's; a service without one listens on its own in a private directory.
    """
    if unix_path is not None or settings.backup_every is None:
        yield unix_path
        return
    with tempfile.TemporaryDirectory(prefix="tidings-", ignore_cleanup_errors=True) as place:
        yield f"{place}/service.sock"


async def backup_in_a_process(upstream: str, own_secret: str, place: Path) -> str:
    """Run `tidings backup` of the service at an address; cancelled, it is ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tidings.app", "backup", str(place), f"--upstream={upstream}"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=environment_with(own_secret),
    )
    try:
        _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    # only its own lines: libraries and Python may write some too
    lines = said.decode(errors="replace").splitlines()
    complaints = [line.removeprefix(_NAME_OF) for line in lines if line.startswith(_NAME_OF)]
    if process.returncode == 0:
        for complaint in complaints:
            if (warning := complaint.removeprefix("warning: ")) != complaint:
                _log.warning("backup lacks something", place=str(place), problem=warning)
        return ""
    return complaints[-1] if complaints else f"ended with {process.returncode}"
