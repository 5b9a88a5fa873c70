"""`tidings serve`: everything on one machine, under one supervisor."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from tidings.app.libraries import HTTP, require
from tidings.app.load_settings import config_file_of
from tidings.app.settings import Settings
from tidings.app.source_settings import check_sources
from tidings.app.startup_checks import check_service
from tidings.app.supervisor import ChildrenFailed, Supervisor
from tidings.app.terminal import complain, told
from tidings.app.tls.settings import check_tls, reads_files_again


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT and return the exit status.

    Raises:
        BadSetting: a child could not be started with these settings.
        UnfitLibrary: one that serves HTTP, or one for the store, does not fit.
    """
    require(HTTP, "HTTP")
    check_service(settings, settings.http)
    check_tls(settings, "http")
    config_file = config_file_of(arguments)
    check_sources(settings, config_file)
    try:
        asyncio.run(_serve(settings, config_file))
    except (ChildrenFailed, OSError) as error:
        complain("", told(error))
        return 1
    return 0


async def _serve(settings: Settings, config_file: Path | None) -> None:
    supervisor = Supervisor(settings, config_file)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.stop)
    if reads_files_again(settings) or config_file is not None:  # else a hang-up ends it, as ever
        loop.add_signal_handler(signal.SIGHUP, supervisor.reload)
    await supervisor.run()
