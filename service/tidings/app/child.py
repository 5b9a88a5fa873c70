"""What one half of a server runs in, alone or as a child of a supervisor: loop, signals, limits."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from tidings.app.lifeline import FAILED_TO_START, say_ready, watch_lifeline
from tidings.app.logs import configure_logs
from tidings.app.settings import Settings
from tidings.app.spare_memory import SpareMemory
from tidings.app.terminal import complain, told
from tidings.core.errors import StoreCorrupt, StoreLocked, StoreUnavailable, StoreUnfit

_YOUNG_OBJECTS = 20_000
"""New objects after which the collector looks for cycles among them."""

OnReady = Callable[[str], None]
Half = Callable[[asyncio.Event, OnReady], Awaitable[None]]


def run_half(name: str, settings: Settings, arguments: argparse.Namespace, half: Half) -> int:
    """Run one half until told to stop and return the exit status."""
    configure_logs(settings)
    _raise_file_limit()
    supervised = arguments.lifeline_fd is not None
    try:
        _run_loop(_until_told(arguments, half))
    except (StoreLocked, StoreUnfit, StoreCorrupt, OSError) as error:
        complain(name, told(error))
        return FAILED_TO_START if supervised else 1
    except StoreUnavailable as error:  # it may be back when a supervisor tries again
        complain(name, told(error))
        return 1
    return 0


async def _until_told(arguments: argparse.Namespace, half: Half) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if arguments.lifeline_fd is not None:
        loop.remove_signal_handler(
            signal.SIGINT
        )  # a terminal sends it to us all; the supervisor decides
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as above, until there is something to reload
        watch_lifeline(int(arguments.lifeline_fd), stop.set)

    def ready(line: str) -> None:
        _spare_the_collector()
        SpareMemory().watch()
        if arguments.ready_fd is not None:
            say_ready(int(arguments.ready_fd), line)
        else:
            sys.stdout.write(f"ready {line}\n")
            sys.stdout.flush()

    await half(stop, ready)


def _run_loop(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's factory where it is installed, else None for asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 - optional
    except ImportError:
        return None
    return uvloop.new_event_loop


def _spare_the_collector() -> None:
    """Leave what the process is built of to itself, and look for cycles less often.

    By default Python looks through its newest objects after every 700 that were made and not freed,
    and now and then through all. A burst of deliveries makes thousands, which are freed when they
    are written, and looking at them and at every imported module was a fifteenth of all the
    service's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)


def _raise_file_limit() -> None:
    """Allow as many open files as the operator allows: every reader is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
