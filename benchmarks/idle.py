"""The cost of an idle Tidings: memory of its processes, and time of its commands.

Each is a ratio to bare Python that imports the same libraries and does nothing, measured in the
same run: memory as PSS, where pages that processes share count once; times as the best of several,
alternately. And each has a limit of its own, for a quiet machine of two cores. All run as an
installed package does: from compiled modules, whatever PYTHONDONTWRITEBYTECODE says, and without
`rich`, which structlog loads where development tools have brought it.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

_TIDINGS = str(Path(sys.executable).with_name("tidings"))
_READY_S = 120.0
_CHILDREN = 3  # the service, the gateway and the index
_IDLE_S = 0.05  # of processors in a second

_LOOP = "import asyncio, argparse, signal, socket"
_CALLS = f"{_LOOP}; import grpc.aio, google.protobuf.descriptor_pb2, structlog, uvloop"
_SERVICE = f"{_CALLS}; import sqlite3, prometheus_client, re2, httpx2"
_GATEWAY = f"{_CALLS}; import prometheus_client, uvicorn, httptools, websockets"


LIMITS = {
    "idle memory of the supervisor": 25,
    "idle memory of all of serve": 180,
    "time of tidings --version": 100,
    "time of a client command": 300,
    "time until ready on an empty log": 1000,
}
"""The limit of our own figure, by the title of the line: megabytes, and milliseconds."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """One line: our figure, the bare one's, and the limits of their ratio and of ours."""

    title: str
    ours: float
    bare: float
    unit: str
    must: float
    limit: float = math.inf

    @property
    def value(self) -> float:
        """Ours to the bare one's."""
        return self.ours / self.bare

    @property
    def is_missed(self) -> bool:
        """Whether one of the two is exceeded."""
        return self.value > self.must or self.ours > self.limit

    def __str__(self) -> str:
        word = "  MISSED" if self.is_missed else ""
        alone = "" if self.limit == math.inf else f" and <= {self.limit:g} {self.unit}"
        return (
            f"{self.title}: {self.ours:.3g} {self.unit} / {self.bare:.3g} {self.unit}"
            f" = {self.value:.2f}, must be <= {self.must:g}{alone}{word}"
        )


def main(quick: bool) -> int:  # noqa: FBT001 - as every benchmark
    """Measure and print; 1 when a ratio is missed, except in a quick run."""
    rounds = 2 if quick else 15
    with _as_installed():
        for _ in _memory():
            pass  # as an installer, it leaves the modules compiled
        ratios = [*_memory(), *_times(rounds), _until_ready(rounds)]
    for ratio in ratios:
        print(ratio, flush=True)
    missed = any(ratio.is_missed for ratio in ratios)
    return int(missed and not quick)


def _ratio(title: str, ours: float, bare: float, unit: str, must: float) -> Ratio:
    return Ratio(title, ours, bare, unit, must, LIMITS[title])


@contextmanager
def _as_installed() -> Iterator[None]:
    """Let every process find compiled modules, which the first of them writes, and no `rich`."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "sitecustomize.py").write_text("import sys; sys.modules['rich'] = None\n")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        os.environ["PYTHONPATH"] = os.pathsep.join(
            [folder, *filter(None, [before.get("PYTHONPATH")])]
        )
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def _memory() -> Iterator[Ratio]:
    with _serving() as server:
        _rest(server)
        ours = [_pss_mb(each) for each in (server, *server.children())]
        names = ["supervisor", *(each.cmdline()[3] for each in server.children())]
    programs = {"supervisor": _LOOP, "service": _SERVICE, "gateway": _GATEWAY, "index": _SERVICE}
    with _idling([programs[name] for name in names]) as bare:
        theirs = [_pss_mb(each) for each in bare]
    yield _ratio("idle memory of the supervisor", ours[0], theirs[0], "MB", must=2.0)
    yield _ratio("idle memory of all of serve", sum(ours), sum(theirs), "MB", must=2.0)


def _times(rounds: int) -> Iterator[Ratio]:
    commands = {
        "tidings --version": [_TIDINGS, "--version"],
        "a client command": [_TIDINGS, "info", "--upstream=127.0.0.1:1"],
    }
    bare = {
        "tidings --version": [sys.executable, "-c", "import argparse, importlib.metadata"],
        "a client command": [sys.executable, "-c", _CALLS],
    }
    for name, command in commands.items():
        pairs = [(_took_s(command), _took_s(bare[name])) for _ in range(rounds)]
        ours_s, bare_s = (min(each) for each in zip(*pairs, strict=True))
        ours, theirs = ours_s * 1000, bare_s * 1000
        yield _ratio(f"time of {name}", ours, theirs, "ms", must=3.0)


def _until_ready(rounds: int) -> Ratio:
    """Measure `tidings serve` on an empty log, and a bare process that starts two others."""
    pairs = [(_ready_s(_serving()), _ready_s(_starting_bare())) for _ in range(rounds)]
    ours_s, bare_s = (min(each) * 1000 for each in zip(*pairs, strict=True))
    return _ratio("time until ready on an empty log", ours_s, bare_s, "ms", must=3.0)


def _ready_s(starting: AbstractContextManager[object]) -> float:
    began_s = time.perf_counter()
    with starting:
        return time.perf_counter() - began_s


@contextmanager
def _starting_bare() -> Iterator[object]:
    program = f"""
{_LOOP}, subprocess, sys
children = [
    subprocess.Popen([sys.executable, "-c", each + "; print()"], stdout=subprocess.PIPE)
    for each in {[_SERVICE, _GATEWAY]}
]
for child in children:
    child.stdout.readline()
print("ready", flush=True)
"""
    with _until_it_speaks([sys.executable, "-c", program]) as process:
        yield process


def _took_s(command: Sequence[str]) -> float:
    began_s = time.perf_counter()
    subprocess.run(command, capture_output=True, check=False)
    return time.perf_counter() - began_s


def _rest(server: psutil.Process) -> None:
    """Wait until its three children run and are idle."""
    until_s = time.monotonic() + _READY_S
    while time.monotonic() < until_s:
        before_s = _used_s(server)
        time.sleep(1.0)
        if len(server.children()) == _CHILDREN and _used_s(server) - before_s < _IDLE_S:
            return
    raise AssertionError(f"{len(server.children())} children, or they never rest")


def _used_s(server: psutil.Process) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in (server, *server.children()))


def _pss_mb(process: psutil.Process) -> float:
    return float(process.memory_full_info().pss) / 1e6


@contextmanager
def _serving() -> Iterator[psutil.Process]:
    """Lend a `tidings serve` on an empty log, once it is ready."""
    with tempfile.TemporaryDirectory() as folder:
        command = [_TIDINGS, "serve", f"--data={folder}/data"]
        command += ["--http=127.0.0.1:0", "--grpc=127.0.0.1:0"]
        with _until_it_speaks(command) as process:
            yield process


@contextmanager
def _idling(programs: Sequence[str]) -> Iterator[list[psutil.Process]]:
    """Lend a process for each program, which has imported what it says and waits."""
    if not programs:
        yield []
        return
    waits = "print('ready', flush=True); input()"
    with (
        _until_it_speaks([sys.executable, "-c", f"{programs[0]}; {waits}"]) as first,
        _idling(programs[1:]) as others,
    ):
        yield [first, *others]


@contextmanager
def _until_it_speaks(command: Sequence[str]) -> Iterator[psutil.Process]:
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline(), command
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(_READY_S)
