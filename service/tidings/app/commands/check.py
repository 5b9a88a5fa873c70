"""`tidings check`: say whether a log is whole."""

from __future__ import annotations

import argparse
from pathlib import Path

from tidings.app.embedded import refuse_elsewhere
from tidings.app.settings import Settings
from tidings.app.terminal import complain, say
from tidings.core.errors import StoreCorrupt
from tidings.store.sqlite.check import check_sqlite


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Check the log in the data directory; status 1 when anything is wrong."""
    del arguments
    if refusal := refuse_elsewhere(settings, "check"):
        complain("check", refusal)
        return 2
    return check("check", settings.data)


def check(command: str, directory: Path) -> int:
    """Check a directory's log in the name of a command: print what is wrong, return a status."""
    try:
        report = check_sqlite(directory)
    except StoreCorrupt as error:
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
