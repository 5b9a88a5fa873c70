"""`tidings gateway`: serve HTTP for a service, alone or as a child of a supervisor."""

from __future__ import annotations

import argparse
import asyncio
import socket

from tidings.app.child import OnReady, run_half
from tidings.app.libraries import HTTP, require
from tidings.app.settings import Settings
from tidings.app.startup_checks import check_exposure
from tidings.app.supervisor import listen
from tidings.app.tls.settings import check_tls
from tidings.core.tracing import Tracer


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve HTTP until told to stop and return the exit status.

    Raises:
        UnfitLibrary: one that serves HTTP does not fit.
    """
    require(HTTP, "HTTP")
    from tidings.app.run_gateway import gateway  # noqa: PLC0415 - others may not even import

    check_tls(settings, "http", "upstream")
    check_exposure(settings, settings.metrics)

    async def half(stop: asyncio.Event, ready: OnReady, tracer: Tracer | None) -> None:
        inherited = arguments.listen_fd
        number = int(arguments.number) if arguments.number else None
        with socket.socket(fileno=int(inherited)) if inherited else listen(settings.http) as sock:
            await gateway(settings, sock, stop, ready, number=number, tracer=tracer)

    return run_half("gateway", settings, arguments, half)
