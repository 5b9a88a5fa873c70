"""The light reader, the light publisher, and the processor time of servers."""

from __future__ import annotations

import struct
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

PATIENCE_S = 60.0


class Missing(Exception):
    """The server to compare with is not installed."""


def mark() -> bytes:
    """Return the mark of one event: the reader counts it, and reads the publishing time from it."""
    return b"@T%019d@" % time.time_ns()


def compile_c(folder: Path, name: str) -> Path:
    """Compile a program of this folder into another one and return it."""
    program = folder / name
    if not program.exists():
        source = Path(__file__).with_name(f"{name}.c")
        subprocess.run(["cc", "-O2", "-o", str(program), str(source)], check=True)
    return program


def cpu_s(pids: Iterable[int]) -> float:
    """Return user and system seconds of all threads of processes and of their living children."""
    total = 0.0
    for pid in pids:
        top = psutil.Process(pid)
        for process in (top, *top.children(recursive=True)):
            # the clock of a process, clock_getcpuclockid(3): /proc has only hundredths of a second
            total += time.clock_gettime(~process.pid << 3 | 2)
    return total


def rss_bytes(pids: Iterable[int]) -> int:
    """Return the resident memory of processes and of their living children."""
    total = 0
    for pid in pids:
        top = psutil.Process(pid)
        total += sum(each.memory_info().rss for each in (top, *top.children(recursive=True)))
    return total


@dataclass(frozen=True, slots=True)
class Count:
    """What readers received since the last count."""

    events: int
    received_bytes: int
    p50_us: int
    p99_us: int
    span_us: int
    """From the first event to the last."""


@dataclass(frozen=True, slots=True)
class Run:
    """The time of all calls together, and of each."""

    span_us: int
    p50_us: int
    p99_us: int


class Readers:
    """Connections of one reader process."""

    def __init__(self, process: subprocess.Popen[str], count: int) -> None:
        self.count = count
        self._process = process

    def wait(self, events: int) -> Count:
        """Return once at least `events` have come, over all connections together."""
        return self._ask(f"wait {events}")

    def now(self) -> Count:
        """Return what has come until now."""
        return self._ask("now")

    def _ask(self, command: str) -> Count:
        return Count(*map(int, _asked(self._process, command).split()))


class Publishers:
    """Connections of one publisher process, each with one call in flight."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, calls: int) -> Run:
        """Make so many calls over all connections, and return once all are answered."""
        return Run(*map(int, _asked(self._process, f"run {calls}").split()))


@contextmanager
def publishing(
    folder: Path, address: str, opening: bytes, call: bytes, count: int
) -> Iterator[Publishers]:
    """Lend `count` publishers at an address; publisher.c explains openings and calls."""
    host, _, port = address.rpartition(":")
    files = [folder / f"{name}-{port}-{count}" for name in ("opening", "call")]
    for file, content in zip(files, (opening, call), strict=True):
        file.write_bytes(content)
    program = compile_c(folder, "publisher")
    with _helping([str(program), host, port, str(count), *map(str, files)]) as process:
        yield Publishers(process)


@contextmanager
def reading(folder: Path, address: str, openings: Sequence[bytes], count: int) -> Iterator[Readers]:
    """Lend `count` connections to an address, each of which sent its opening."""
    host, _, port = address.rpartition(":")
    file = folder / f"openings-{port}-{count}-{len(openings)}"
    file.write_bytes(b"".join(struct.pack("<I", len(each)) + each for each in openings))
    program = compile_c(folder, "reader")
    with _helping([str(program), host, port, str(count), str(file)]) as process:
        yield Readers(process, count)


@contextmanager
def polling(folder: Path, address: str, request: bytes, count: int) -> Iterator[Callable[[], int]]:
    """Let `count` clients repeat a request; lend a counter of their answers."""
    host, _, port = address.rpartition(":")
    file = folder / "request"
    file.write_bytes(request)
    program = compile_c(folder, "poller")
    with _helping([str(program), host, port, str(count), str(file)]) as process:
        yield lambda: int(_asked(process, "count"))


@contextmanager
def _helping(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"no connections: {command}")
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _asked(process: subprocess.Popen[str], command: str) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(command + "\n")
    process.stdin.flush()
    return process.stdout.readline()
