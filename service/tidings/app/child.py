"""Runs one half of a server, alone or as a child of a supervisor: loop, signals, limits."""

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

from tidings.app.lifeline import FAILED_TO_START, STORE_AWAY, say_ready, watch_lifeline
from tidings.app.logs import configure_logs
from tidings.app.notify import READY, STOPPING, feed_watchdog, notify
from tidings.app.settings import Settings
from tidings.app.spare_memory import SpareMemory
from tidings.app.terminal import complain, told
from tidings.app.tracing import tracing
from tidings.core.errors import StoreCorrupt, StoreLocked, StoreUnavailable, StoreUnfit
from tidings.core.tracing import Tracer

_YOUNG_OBJECTS = 20_000
"""Number of new objects after which the garbage collector searches them for cycles."""

OnReady = Callable[[str], None]
Half = Callable[[asyncio.Event, OnReady, Tracer | None], Awaitable[None]]


def run_half(name: str, settings: Settings, arguments: argparse.Namespace, half: Half) -> int:
    """Run one half until told to stop and return the exit status."""
    configure_logs(settings)
    _raise_file_limit()
    supervised = arguments.lifeline_fd is not None
    try:
        with tracing(name) as tracer:
            _run_loop(_until_told(arguments, half, tracer))
    except (StoreLocked, StoreUnfit, StoreCorrupt, OSError) as error:
        complain(name, told(error))
        return FAILED_TO_START if supervised else 1
    except StoreUnavailable as error:
        complain(name, told(error))
        return STORE_AWAY if supervised else 1
    return 0


async def _until_told(arguments: argparse.Namespace, half: Half, tracer: Tracer | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stopping() -> None:
        notify(STOPPING)  # the manager of a child that is supervised is its supervisor
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping)
    if arguments.lifeline_fd is not None:
        # A terminal sends it to the whole process group; the supervisor decides.
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as above, until there is something to reload
        watch_lifeline(int(arguments.lifeline_fd), stop.set)

    def ready(line: str) -> None:
        _spare_the_collector()
        SpareMemory().watch()
        if arguments.ready_fd is not None:
            every = arguments.beat_every
            say_ready(int(arguments.ready_fd), line, float(every) if every else None)
        else:
            sys.stdout.write(f"ready {line}\n")
            sys.stdout.flush()
            notify(READY, f"STATUS=serving {line}")
            feed_watchdog(lambda: True)

    await half(stop, ready, tracer)


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
    """Exclude the objects of the start from garbage collection, and collect less often.

    By default Python searches its newest objects after every 700 that were made and not freed,
    and sometimes all objects. A burst of deliveries makes thousands, which are freed when they
    are written, and searching them and every imported module took a fifteenth of the service's
    time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)


def _raise_file_limit() -> None:
    """Raise the limit of open files to what the operator allows: every reader needs one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
