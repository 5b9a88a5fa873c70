"""`tidings gateway`: serve HTTP before a service, alone or as a child of a supervisor."""

from __future__ import annotations

import argparse
import asyncio
import socket

from tidings.app.child import OnReady, run_half
from tidings.app.libraries import HTTP, require
from tidings.app.settings import Settings
from tidings.app.supervisor import listen
from tidings.app.terminal import complain
from tidings.app.tls.settings import refuse_tls


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve HTTP until told to stop and return the exit status.

    Raises:
        UnfitLibrary: one that serves HTTP does not fit.
    """
    require(HTTP, "HTTP")
    from tidings.app.run_gateway import gateway  # noqa: PLC0415 - others may not even import

    problem = refuse_tls(settings, "http", "upstream")
    if problem is not None:
        complain("gateway", problem)
        return 2

    async def half(stop: asyncio.Event, ready: OnReady) -> None:
        inherited = arguments.listen_fd
        with socket.socket(fileno=int(inherited)) if inherited else listen(settings.http) as sock:
            await gateway(settings, sock, stop, ready, is_alone=arguments.lifeline_fd is None)

    return run_half("gateway", settings, arguments, half)
