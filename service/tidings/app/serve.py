"""`tidings serve`: everything on one machine, under one supervisor."""

from __future__ import annotations

import argparse
import asyncio
import signal

from tidings.app.exposure import refuse_exposure
from tidings.app.libraries import HTTP, require
from tidings.app.logs import configure_logs
from tidings.app.open_store import refuse_store
from tidings.app.run_monitor import refuse_monitor
from tidings.app.settings import Settings
from tidings.app.supervisor import ChildrenFailed, Supervisor
from tidings.app.terminal import complain, told
from tidings.app.tls.settings import reads_files_again, refuse_tls


def run(settings: Settings, arguments: argparse.Namespace) -> int:  # noqa: ARG001 - one shape for all
    """Serve until SIGTERM or SIGINT and return the exit status.

    Raises:
        UnfitLibrary: one that serves HTTP, or one for the store, does not fit.
    """
    require(HTTP, "HTTP")
    problem = (
        refuse_exposure(settings, settings.http, settings.grpc, settings.metrics)
        or refuse_tls(settings, "http", "grpc")
        or refuse_monitor(settings)
        or refuse_store(settings)
    )
    if problem is not None:
        complain("", problem)
        return 2
    configure_logs(settings)
    try:
        asyncio.run(_serve(settings))
    except (ChildrenFailed, OSError) as error:
        complain("", told(error))
        return 1
    return 0


async def _serve(settings: Settings) -> None:
    supervisor = Supervisor(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.stop)
    if reads_files_again(settings):  # else a hang-up ends it, as ever
        loop.add_signal_handler(signal.SIGHUP, supervisor.reload)
    await supervisor.run()
