"""`tidings service`: serve gRPC, alone or as a child of a supervisor."""

from __future__ import annotations

import argparse

from tidings.app.child import run_half
from tidings.app.run_service import service
from tidings.app.settings import Settings
from tidings.app.startup_checks import check_service


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve gRPC until told to stop and return the exit status."""
    check_service(settings)
    return run_half(
        "service",
        settings,
        arguments,
        lambda stop, ready, tracer: service(
            settings, arguments.unix, arguments.sources_of, stop, ready, tracer
        ),
    )
