"""The row about sources: how fast one copies a Nomad, compared with a shell line."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.lab.measure import Missing
from benchmarks.lab.million import filled, note
from benchmarks.lab.rounds import Size
from tests.kit.server import Server, serving
from tidings.v1.event_service_pb2 import GetLogStatusRequest
from tidings.v1.event_system_pb2 import EVENT_SYSTEM_NOMAD as NOMAD

_RECORDS = 20_000
_BEGUN = 20
"""The share of the records that are copied before measuring begins, while it starts."""

_PATIENCE_S = 120.0


def rate(folder: Path, size: Size) -> float:
    """Return the ratio of a source's rate to that of `curl | curl`, in alternating rounds.

    Both read one backlog through the same Nomad API, each into a new log.
    """
    curl = shutil.which("curl")
    if curl is None:
        raise Missing("curl")
    count = _RECORDS // size.one_of
    data = folder / "upstream"
    shutil.copytree(filled(count), data)
    ratios = []
    with serving(data, f"--nomad-event-buffer-size={count}") as upstream:
        for number in range(size.rounds):
            with serving(folder / f"curl{number}") as target, _copying(curl, upstream, target):
                curl_s = _seconds(target, count)
            with serving(folder / f"source{number}") as target, _recording(upstream, target):
                source_s = _seconds(target, count)
            ratios.append(curl_s / source_s)
            note(f"{count / source_s:.0f} events/s by a source, {count / curl_s:.0f} by curl")
    return statistics.median(ratios)


@contextmanager
def _copying(curl: str, upstream: Server, target: Server) -> Iterator[None]:
    """Run the shell line that copies a Nomad."""
    reader = subprocess.Popen(
        [curl, "-sN", f"http://{upstream.http}/v1/event/stream?namespace=*"], stdout=subprocess.PIPE
    )
    assert reader.stdout is not None
    writer = subprocess.Popen(
        [curl, "-sNT", "-", f"http://{target.http}/v1/publish/nomad?source=prod"],
        stdin=reader.stdout,
        stdout=subprocess.DEVNULL,
    )
    reader.stdout.close()
    try:
        yield
    finally:
        for process in (reader, writer):
            process.kill()
            process.wait()


@contextmanager
def _recording(upstream: Server, target: Server) -> Iterator[None]:
    recorder = subprocess.Popen(
        [
            *(sys.executable, "-m", "tidings.app", "record", "nomad", f"http://{upstream.http}"),
            *("--source=prod", f"--upstream={target.grpc}"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        recorder.kill()
        recorder.wait()


def _seconds(target: Server, count: int) -> float:
    """Return how long the records took, extrapolated from the part after the start."""
    begun = count // _BEGUN
    with target.stub() as stub:

        def stored() -> int:
            answer = stub.GetLogStatus(GetLogStatusRequest(), timeout=_PATIENCE_S)
            return sum(each.record_count for each in answer.systems if each.system == NOMAD)

        first, first_s = _when(stored, begun)
        last, last_s = _when(stored, count)
    return (last_s - first_s) * count / max(last - first, 1)


def _when(stored: Callable[[], int], wanted: int) -> tuple[int, float]:
    deadline_s = time.monotonic() + _PATIENCE_S
    while (found := stored()) < wanted:
        if time.monotonic() > deadline_s:
            raise RuntimeError(f"only {found} of {wanted} records are copied")
        time.sleep(0.05)
    return found, time.monotonic()
