"""The floor of the steady pace: a bare pipeline with the same processes, without Tidings.

A gRPC service that commits every event with a sync, and a relay that writes it to 200 connections:
`benchmarks.lab.pipeline`. The ratio of its cost to the bare writer's is the minimum of row 1 of the
table, in two processes and, without gRPC in between, in one; the ratio of Tidings' cost to its cost
is what Tidings adds. There are no targets.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue

import grpc

from benchmarks.lab import openings, pipeline, sides
from benchmarks.lab.rounds import Size, compare, steady_round, tidings_as

_READERS = 200


def main(quick: bool) -> int:  # noqa: FBT001 - every benchmark is called so
    """Print both ratios."""
    size = Size.quick() if quick else Size.full()
    for title, pair in (
        ("bare pipeline / bare writer", (bare_pipeline, sides.writer)),
        ("bare pipeline in one process / bare writer", (bare_process, sides.writer)),
        ("Tidings / bare pipeline", (tidings_as("ndjson"), bare_pipeline)),
    ):
        with tempfile.TemporaryDirectory(prefix="tidings-bench-") as folder:
            ratio = compare(Path(folder), size, pair, _READERS, steady_round)
        print(f"{title}, CPU, ndjson, steady, {_READERS} readers: {ratio:.2f}", flush=True)
    return 0


@contextmanager
def bare_pipeline(folder: Path) -> Iterator[sides.Side]:
    """Lend the pipeline."""
    del folder
    with ExitStack() as stack:
        core, core_address = stack.enter_context(_running("core"))
        relay, address = stack.enter_context(_running("relay", core_address))
        publish = stack.enter_context(_publishing(core_address))
        yield sides.Side("bare pipeline", address, openings.http("/"), [core, relay], publish)


@contextmanager
def bare_process(folder: Path) -> Iterator[sides.Side]:
    """Lend the pipeline in one process."""
    del folder
    with ExitStack() as stack:
        both, addresses = stack.enter_context(_running("alone"))
        core_address, address = addresses.split()
        publish = stack.enter_context(_publishing(core_address))
        yield sides.Side("bare process", address, openings.http("/"), [both], publish)


@contextmanager
def _publishing(address: str) -> Iterator[Callable[[Sequence[bytes]], None]]:
    """Lend a publisher of an event for each mark, one after the other."""
    asked: SimpleQueue[bytes | None] = SimpleQueue()
    with grpc.insecure_channel(address) as channel:
        call: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(pipeline.PUBLISH)
        answers = call(iter(asked.get, None))

        def publish(marks: Sequence[bytes]) -> None:
            for mark in marks:
                asked.put(sides.chunk(mark))
                next(answers)

        yield publish
        asked.put(None)
        for _ in answers:  # to its end, which closing the channel would cut off
            pass


@contextmanager
def _running(*part: str) -> Iterator[tuple[int, str]]:
    command = [sys.executable, "-m", "benchmarks.lab.pipeline", *part]
    with subprocess.Popen(
        command, cwd=sides.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.pid, process.stdout.readline().strip()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure for a moment only")
    sys.exit(main(parser.parse_args().quick))
