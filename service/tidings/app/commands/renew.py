"""`tidings renew`: give a log that was restored on NATS a new log_id."""

from __future__ import annotations

import argparse
import asyncio

from tidings.app.clock import SystemClock
from tidings.app.kept import keep_to_one_line
from tidings.app.settings import BadSetting, Settings
from tidings.app.store_place import EMBEDDED, check_store, cluster_of
from tidings.app.terminal import complain, say
from tidings.core.errors import StoreCorrupt, StoreUnavailable, StoreUnfit


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Renew the log and print its new log_id; status 1 when that fails."""
    del arguments
    if settings.store == EMBEDDED:
        raise BadSetting("--store nats://…: which log? (what tidings restore makes is new already)")
    check_store(settings)
    from tidings.store.jetstream.opening import renew_jetstream  # noqa: PLC0415 - an extra

    keep_to_one_line()
    try:
        log_id = asyncio.run(renew_jetstream(cluster_of(settings), clock=SystemClock()))
    except (StoreUnfit, StoreCorrupt, StoreUnavailable) as error:
        complain("renew", str(error))
        return 1
    say(f"log_id={log_id}")
    return 0
