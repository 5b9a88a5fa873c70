"""`tidings service`: serve gRPC, alone or as a child of a supervisor."""

from __future__ import annotations

import argparse

from tidings.app.child import run_half
from tidings.app.exposure import refuse_exposure
from tidings.app.open_store import refuse_store
from tidings.app.run_monitor import refuse_monitor
from tidings.app.run_service import service
from tidings.app.settings import Settings
from tidings.app.terminal import complain
from tidings.app.tls.settings import refuse_tls


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve gRPC until told to stop and return the exit status."""
    problem = (
        refuse_exposure(settings, settings.grpc, settings.metrics)
        or refuse_tls(settings, "grpc")
        or refuse_monitor(settings)
        or refuse_store(settings)
    )
    if problem is not None:
        complain("service", problem)
        return 2
    return run_half(
        "service",
        settings,
        arguments,
        lambda stop, ready: service(settings, arguments.unix, stop, ready),
    )
