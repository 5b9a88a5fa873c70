"""A program that opens a log again and again, killed one step later each time.

A step is anything that Python's audit hooks hear of (a file opened, renamed, deleted), a sync, and
each statement that SQLite is given. For each step it prints a line: what was begun, and what a
second start, a check and a copy made of what the first had left. It ends with the first start that
lives.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tidings.core.errors import TidingsError
from tidings.store.sqlite.check import check_sqlite
from tidings.store.sqlite.copy import copy_log
from tidings.store.sqlite.file import lock_directory, open_writer
from tidings.store.sqlite.rescue import rescue

_HEARD = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "sqlite3.connect"})


class Steps:
    """Counts steps, and kills the process at one of them."""

    def __init__(self, last: int) -> None:
        self._left = last
        fsync, connect = os.fsync, sqlite3.connect

        def synced(descriptor: int) -> None:
            self.step()
            fsync(descriptor)

        def connected(*args: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*args, **options)
            connection.set_trace_callback(lambda _: self.step())
            return connection

        os.fsync = synced  # type: ignore[assignment]
        sqlite3.connect = connected  # type: ignore[assignment]
        sys.addaudithook(self._hear)

    def step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def _hear(self, event: str, _: tuple[Any, ...]) -> None:
        if event in _HEARD:
            self.step()


def in_child(work: Callable[[], None]) -> int:
    """Do it in a process of its own; return 0, the signal that ended it negated, or 1."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - it is told
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def until_step(last: int, work: Callable[[], None]) -> None:
    """Do it up to a step, and die there."""
    Steps(last)
    work()


def start(directory: Path) -> None:
    os.close(lock_directory(directory))
    rescue(directory)
    open_writer(directory, "full", now_us=1).close()


def restore(directory: Path, copy: Path) -> None:
    copy_log(copy, directory)


def look(directory: Path, image: Path) -> None:
    """Check and copy what was left: each works, or says that there is no log."""
    for look_at in (check_sqlite, lambda found: copy_log(found, image)):
        try:
            look_at(directory)
        except TidingsError as error:
            if "holds no log" not in str(error):
                raise


def main(mode: str, place: Path) -> None:
    directory, image = place / "data", place / "image"
    copy = place / "copy"
    begin = partial(start, directory) if mode == "start" else partial(restore, directory, copy)
    for last in range(1, 1000):
        for gone in (directory, image):
            shutil.rmtree(gone, ignore_errors=True)
        if (place / "template").exists():
            shutil.copytree(place / "template", directory)

        died = in_child(partial(until_step, last, begin))
        looked = in_child(lambda: look(directory, image))
        again = in_child(lambda: start(directory))
        whole = in_child(lambda: sys.exit(1) if check_sqlite(directory).problems else None)
        sys.stdout.write(f"{last} {died} {looked} {again} {whole}\n")
        if died == 0:
            return


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
