"""The disk that a log is on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple


class Disk(NamedTuple):
    """What a disk has, in bytes."""

    free_bytes: int
    size_bytes: int


def disk_of(data: Path) -> Disk | None:
    """Return the disk of a folder; None = it was moved away, which health reports. Blocks."""
    try:
        disk = os.statvfs(data)
    except OSError:
        return None
    return Disk(disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize)
