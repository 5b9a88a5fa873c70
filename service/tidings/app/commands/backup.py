"""`tidings backup`: of a log on this machine, of one behind a service, or the check of a backup."""

from __future__ import annotations

import argparse

from tidings.app.commands.copy import copied, tried
from tidings.app.settings import BadSetting, Settings
from tidings.app.store_place import check_embedded


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Make the backup, or verify one, and check it; status 1 when that fails.

    Raises:
        BadSetting: it is not said of which log.
    """
    if arguments.action == "verify":
        return tried(arguments.copy)
    if _is_over_grpc(settings, arguments):
        from tidings.app.commands.backup_over_grpc import fetch  # noqa: PLC0415 - loads gRPC

        return fetch(settings, arguments.copy)
    check_embedded(settings, "backup")
    return copied("backup", settings.data, arguments.copy)


def _is_over_grpc(settings: Settings, arguments: argparse.Namespace) -> bool:
    """Return whether the backup comes from a service: if its address is given."""
    of_data, of_service = (hasattr(arguments, f"setting_{name}") for name in ("data", "upstream"))
    if of_data and of_service:
        raise BadSetting("--data copies a log on this machine, --upstream one behind a service")
    return of_service or (not of_data and settings.upstream != Settings().upstream)
