"""`tidings index`: keep the index of a log, alone or as a child of a supervisor."""

from __future__ import annotations

import argparse
import os
from contextlib import suppress

from tidings.app.child import run_half
from tidings.app.run_index import follow_log
from tidings.app.settings import Settings

_NICE = 10


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Follow the log until told to stop and return the exit status."""
    with suppress(OSError):
        os.nice(_NICE)  # publishers and readers come first
    return run_half(
        "index",
        settings,
        arguments,
        lambda stop, ready, tracer: follow_log(settings, stop, ready, tracer),
    )
