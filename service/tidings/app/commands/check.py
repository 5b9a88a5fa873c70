"""`tidings check`: check the integrity of a log."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from google.protobuf.message import DecodeError

from tidings.app.kept import kept_log
from tidings.app.settings import Settings
from tidings.app.terminal import complain, say
from tidings.core.errors import StoreCorrupt, StoreUnavailable, StoreUnfit
from tidings.core.record import Record
from tidings.store.kept import CanRead, Report
from tidings.v1 import event_pb2


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Check the log that the settings name; status 1 when anything is wrong."""
    del arguments
    return check("check", kept_log(settings).check)


def check(command: str, look_at: Callable[[CanRead], Report]) -> int:
    """Check a log for a command: print what is wrong, return a status."""
    try:
        report = look_at(_has_events)
    except (StoreCorrupt, StoreUnavailable, StoreUnfit) as error:
        complain(command, str(error))
        return 1
    for problem in report.problems:
        complain(command, problem)
    verdict = f"{len(report.problems)} problems" if report.problems else "ok"
    say(
        f"{verdict} log_id={report.log_id} records={report.records}"
        f" first_seq={report.first_seq} last_seq={report.last_seq}"
        + (f" without_checksum={report.unchecked}" if report.unchecked else "")
    )
    return 1 if report.problems else 0


def _has_events(record: Record) -> bool:
    try:
        return bool(event_pb2.EventRecord.FromString(record.body).events)
    except DecodeError:
        return False
