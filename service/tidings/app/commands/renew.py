"""`tidings renew`: give a log that was restored on NATS an identity of its own."""

from __future__ import annotations

import argparse
import asyncio

from tidings.app.clock import SystemClock
from tidings.app.open_store import EMBEDDED, cluster_of, keep_to_one_line, refuse_store
from tidings.app.settings import Settings
from tidings.app.terminal import complain, say
from tidings.core.errors import StoreCorrupt, StoreUnavailable, StoreUnfit


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Renew the log and print its new identity; status 1 when that fails."""
    del arguments
    refusal = refuse_store(settings)
    if settings.store == EMBEDDED:
        refusal = "--store nats://…: which log? (what tidings restore makes is new already)"
    if refusal:
        complain("renew", refusal)
        return 2
    from tidings.store.jetstream.renew import renew_jetstream  # noqa: PLC0415 - an extra

    keep_to_one_line()
    try:
        log_id = asyncio.run(renew_jetstream(cluster_of(settings), clock=SystemClock()))
    except (StoreUnfit, StoreCorrupt, StoreUnavailable) as error:
        complain("renew", str(error))
        return 1
    say(f"log_id={log_id}")
    return 0
