"""`tidings backup` and `tidings restore`: copy a log out of the data directory, and into one."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from tidings.app.commands import check as check_command
from tidings.app.embedded import refuse_elsewhere
from tidings.app.settings import Settings
from tidings.app.terminal import complain
from tidings.core.errors import StoreCorrupt, StoreLocked, StoreUnavailable, StoreUnfit
from tidings.store.sqlite.check import check_sqlite
from tidings.store.sqlite.copy import copy_log


def backup(settings: Settings, arguments: argparse.Namespace) -> int:
    """Copy the log and check the copy; status 1 when either fails."""
    return _copy("backup", settings, settings.data, arguments.copy)


def restore(settings: Settings, arguments: argparse.Namespace) -> int:
    """Copy a backup into the data directory, which must hold no log, and check it."""
    return _copy("restore", settings, arguments.copy, settings.data)


def _copy(command: str, settings: Settings, source: Path, target: Path) -> int:
    if refusal := refuse_elsewhere(settings, command):
        complain(command, refusal)
        return 2
    try:
        copy_log(source, target)
    except (StoreLocked, StoreCorrupt, StoreUnfit, StoreUnavailable) as error:
        complain(command, str(error))
        return 1
    return check_command.check(command, partial(check_sqlite, target))
