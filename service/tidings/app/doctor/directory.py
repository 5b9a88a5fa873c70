"""The data directory and what it lies on."""

from __future__ import annotations

import errno
import fcntl
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tidings.app.doctor.finding import Finding, problem, warning
from tidings.core.errors import StoreCorrupt, StoreUnavailable
from tidings.store.sqlite.file import FILE_NAME, LOCK_NAME, open_reader
from tidings.store.sqlite.rescue import is_marked

CHECK = "directory"

REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph"})
"""Network file systems: SQLite's locks and syncs cannot be trusted there."""

IN_MEMORY = frozenset({"tmpfs", "ramfs"})

NEARLY_FULL = 0.05
NEARLY_FULL_BYTES = 512 * 1024**2
"""Less than both of these is too little: the WAL and a copy after an I/O error need space."""

TOO_FAST_S = 10e-6
"""No disk syncs in less: a fast one with a battery takes 20 to 50 µs, a call to the system alone 1.
Source: measured; tmpfs, which syncs nothing, took 0.2 µs and a virtual disk 150 µs."""

_SYNCS = 32
_BEHIND_S = 5.0


def look_at_directory(data: Path, now_s: float, mounts: str | None = None) -> Iterator[Finding]:
    """Yield the findings of a data directory; `mounts` is /proc/self/mountinfo."""
    there = _nearest(data)
    kind = file_system_of(there, mounts if mounts is not None else _mounts())
    if kind in REMOTE:
        yield problem(
            CHECK,
            f"{there} is on {kind}, a network file system: locks and syncs cannot be"
            " trusted there, and a crash may cost acknowledged events",
            "tidings serve --data /var/lib/tidings  # on a local disk; or keep the log on NATS",
        )
    elif kind in IN_MEMORY:
        yield problem(
            CHECK,
            f"{there} is on {kind}, which is memory: a restart of the machine loses the log",
            "tidings serve --data /var/lib/tidings  # on a disk",
        )
    try:
        yield from _look_at_writing(data, there)
    except OSError as error:
        remedy = f"chown -R {os.geteuid()} {there} && chmod u+rwX {there}"
        if error.errno == errno.EROFS:
            remedy = f"mount -o remount,rw {_mount_point(there)}"
        yield problem(CHECK, f"{there} cannot be written to: {error.strerror}", remedy)
        return
    yield from _look_at_room(there)
    yield from _look_at_log(data, now_s)


def is_locked(data: Path) -> bool:
    """Return whether a process has locked the data directory."""
    try:
        descriptor = os.open(data / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def file_system_of(path: Path, mounts: str) -> str:
    """Return the kind of file system that a path is on, "" = not known.

    Source: proc(5), /proc/pid/mountinfo: the fifth member is the mount point, and the kind is the
    first one after a lone "-".
    """
    found, longest = "", -1
    for line in mounts.splitlines():
        before, dash, after = line.partition(" - ")
        words = before.split(" ")
        if not dash or len(words) < 5:
            continue
        point = Path(words[4].replace("\\040", " "))
        if path.is_relative_to(point) and len(point.parts) >= longest:
            found, longest = after.split(" ")[0], len(point.parts)
    return found


def _look_at_writing(data: Path, there: Path) -> Iterator[Finding]:
    took_s = _sync_s(there)
    where = f"{data}" if data.exists() else f"{data}, which the first start makes,"
    if took_s < TOO_FAST_S:
        yield warning(
            "fsync",
            f"a sync of {there} takes {took_s * 1e6:.1f} µs, implausibly fast: what is"
            " acknowledged may be lost in a power cut",
            f"findmnt -T {there}  # nobarrier? a cache without a battery? eatmydata?",
        )
    else:
        yield Finding("fsync", f"a sync takes {took_s * 1e3:.2f} ms")
    yield Finding(CHECK, f"{where} can be written to")


def _look_at_room(there: Path) -> Iterator[Finding]:
    disk = os.statvfs(there)
    free, size = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    said = f"{free / 1024**2:.0f} MiB of {size / 1024**2:.0f} MiB are free at {there}"
    if is_nearly_full(free, size):
        yield problem(
            "disk",
            f"{said}: publishers will soon be refused",
            f"du -xh --max-depth=1 {_mount_point(there)} | sort -h  # free some, or keep less:"
            " --retention-age, --retention-records",
        )
    elif disk.f_files and disk.f_favail * 100 < disk.f_files:
        yield problem(
            "disk",
            f"less than one in a hundred inodes is free at {there}",
            f"du --inodes -x --max-depth=1 {_mount_point(there)} | sort -n",
        )
    else:
        yield Finding("disk", said)


def is_nearly_full(free_bytes: int, size_bytes: int) -> bool:
    """Return whether too little is free for a log that grows."""
    return free_bytes < NEARLY_FULL_BYTES and free_bytes < NEARLY_FULL * size_bytes


def _look_at_log(data: Path, now_s: float) -> Iterator[Finding]:
    file = data / FILE_NAME
    if not file.exists():
        yield Finding("log", f"there is none in {data} yet")
        return
    if is_marked(data):
        yield warning(
            "log",
            "writing failed in an earlier run: the next start copies the log into new files first",
            f"df -h {data}  # the copy takes as much room again",
        )
    try:
        with closing(open_reader(data)) as reader:
            newest_us = reader.execute("SELECT MAX(recorded_at_us) FROM records").fetchone()[0]
    except (StoreCorrupt, StoreUnavailable) as error:
        remedy = f"tidings check --data {data}  # then restore a backup: tidings restore COPY"
        if "newer Tidings" in str(error):
            remedy = "pip install --upgrade tidings"
        yield problem("log", str(error), remedy)
        return
    yield Finding("log", f"{file} has a format that this program knows")
    yield from _look_at_time((newest_us or 0) / 1e6 - now_s)


def _look_at_time(behind_s: float) -> Iterator[Finding]:
    if behind_s > _BEHIND_S:
        yield problem(
            "clock",
            f"the machine's clock is {behind_s:.0f} s behind the newest record of the log",
            "timedatectl set-ntp true  # or set it: date --set",
        )


def _sync_s(there: Path) -> float:
    """Return how long a sync of a few bytes takes, the middle of several."""
    took_s = []
    with tempfile.TemporaryFile(dir=there) as file:
        for _ in range(_SYNCS):
            file.write(b"x" * 4096)
            file.flush()
            began_s = time.perf_counter()
            os.fsync(file.fileno())
            took_s.append(time.perf_counter() - began_s)
    return statistics.median(took_s)


def _nearest(data: Path) -> Path:
    """Return the directory itself, or what it would be made in."""
    path = data.absolute()
    while not path.exists():
        path = path.parent
    return path if path.is_dir() else path.parent


def _mount_point(path: Path) -> Path:
    while not path.is_mount():
        path = path.parent
    return path


def _mounts() -> str:
    try:
        return Path("/proc/self/mountinfo").read_text("utf-8", "replace")
    except OSError:  # no Linux
        return ""
