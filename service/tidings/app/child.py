"""`tidings service` and `tidings gateway`: one half each, alone or as a child of a supervisor."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import resource
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from tidings.app.exposure import refuse_exposure
from tidings.app.lifeline import FAILED_TO_START, say_ready, watch_lifeline
from tidings.app.logs import configure_logs
from tidings.app.open_store import refuse_store
from tidings.app.run_gateway import gateway
from tidings.app.run_monitor import refuse_monitor
from tidings.app.run_service import service
from tidings.app.settings import Settings
from tidings.app.supervisor import listen
from tidings.app.tls import refuse_tls
from tidings.core.errors import StoreCorrupt, StoreLocked, StoreUnavailable, StoreUnfit

_YOUNG_OBJECTS = 20_000
"""New objects after which the collector looks for cycles among them."""

OnReady = Callable[[str], None]
Half = Callable[[asyncio.Event, OnReady], Awaitable[None]]


def run_service(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve gRPC until told to stop and return the exit status."""
    problem = (
        refuse_exposure(settings, settings.grpc, settings.metrics)
        or refuse_tls(settings, "grpc")
        or refuse_monitor(settings)
        or refuse_store(settings)
    )
    if problem is not None:
        sys.stderr.write(f"tidings service: {problem}\n")
        return 2
    return _run(
        "service",
        settings,
        arguments,
        lambda stop, ready: service(settings, arguments.unix, stop, ready),
    )


def run_gateway(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve HTTP until told to stop and return the exit status."""
    problem = refuse_tls(settings, "http", "upstream")
    if problem is not None:
        sys.stderr.write(f"tidings gateway: {problem}\n")
        return 2

    async def half(stop: asyncio.Event, ready: OnReady) -> None:
        inherited = arguments.listen_fd
        with socket.socket(fileno=int(inherited)) if inherited else listen(settings.http) as sock:
            await gateway(settings, sock, stop, ready, is_alone=arguments.lifeline_fd is None)

    return _run("gateway", settings, arguments, half)


def _run(name: str, settings: Settings, arguments: argparse.Namespace, half: Half) -> int:
    configure_logs(settings)
    _raise_file_limit()
    supervised = arguments.lifeline_fd is not None
    try:
        _run_loop(_until_told(arguments, half))
    except (StoreLocked, StoreUnfit, StoreCorrupt, OSError) as error:
        sys.stderr.write(f"tidings {name}: {error}\n")
        return FAILED_TO_START if supervised else 1
    except StoreUnavailable as error:  # it may be back when a supervisor tries again
        sys.stderr.write(f"tidings {name}: {error}\n")
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
