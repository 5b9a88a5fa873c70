"""`tidings restore`, and what else copies a log from one directory into another."""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path

from tidings.app.commands import check as check_command
from tidings.app.settings import Settings
from tidings.app.store_place import check_embedded
from tidings.app.terminal import complain
from tidings.core.errors import StoreCorrupt, StoreLocked, StoreUnavailable, StoreUnfit
from tidings.store.sqlite.check import check_sqlite
from tidings.store.sqlite.copy import Until, copy_log


def restore(settings: Settings, arguments: argparse.Namespace) -> int:
    """Copy a backup into the data directory, which must hold no log, and check it."""
    check_embedded(settings, "restore")
    until = None
    if arguments.until_seq is not None or arguments.until is not None:
        until = Until(arguments.until_seq, arguments.until)
    return copied("restore", arguments.copy, settings.data, until)


def tried(copy: Path) -> int:
    """Restore a backup into a temporary directory beside it, check that, and delete it."""
    with tempfile.TemporaryDirectory(prefix=".verify-", dir=copy.absolute().parent) as place:
        return copied("backup verify", copy, Path(place) / "log")


def copied(command: str, source: Path, target: Path, until: Until | None = None) -> int:
    """Copy a log for a command and check the copy; return a status."""
    try:
        copy_log(source, target, until)
    except (StoreLocked, StoreCorrupt, StoreUnfit, StoreUnavailable) as error:
        complain(command, str(error))
        return 1
    return check_command.check(command, partial(check_sqlite, target))
