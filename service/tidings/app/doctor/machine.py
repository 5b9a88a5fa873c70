"""The machine: its clock, and how many files a process may open."""

from __future__ import annotations

import ctypes
import resource
from collections.abc import Callable, Iterator

from tidings.app.doctor.finding import Finding, warning
from tidings.app.settings import Settings

_UNSYNCHRONISED = 5  # adjtimex(2): TIME_ERROR
_OTHER_FILES = 256  # of the log, of libraries, of upstream connections


def look_at_files(settings: Settings) -> Iterator[Finding]:
    """Yield whether there are file descriptors for all allowed connections."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = settings.http_connections + _OTHER_FILES
    if hard != resource.RLIM_INFINITY and hard < needed:
        yield warning(
            "files",
            f"a process may open {hard} files, and {settings.http_connections} connections need"
            f" {needed}: clients beyond that are not accepted",
            f"ulimit -n {needed}  # of systemd: LimitNOFILE={needed}; or --http-connections"
            f" {max(1, hard - _OTHER_FILES)}",
        )
    else:
        yield Finding("files", f"a process may open {hard if hard >= 0 else 'any number of'} files")


def look_at_clock(state: Callable[[], int] | None = None) -> Iterator[Finding]:
    """Yield whether a time service synchronises the machine's clock, as the kernel says."""
    try:
        is_kept = (state or _kernel_state)() != _UNSYNCHRONISED
    except (OSError, AttributeError):
        yield Finding("clock", "the kernel does not say whether a time service synchronises it")
        return
    if is_kept:
        yield Finding("clock", "a time service synchronises it")
    else:
        yield warning(
            "clock",
            "no time service synchronises the machine's clock: a jump is accepted after"
            " --clock-settle",
            "timedatectl set-ntp true  # or install chrony",
        )


def _kernel_state() -> int:
    """Return what adjtimex(2) returns; asking changes nothing."""
    library = ctypes.CDLL(None, use_errno=True)
    asked = ctypes.create_string_buffer(256)  # struct timex, all modes off; 208 bytes on Linux
    found: int = library.adjtimex(asked)
    if found < 0:
        raise OSError(ctypes.get_errno(), "adjtimex")
    return found
