"""Runs every benchmark of this folder: each module that offers `main(quick: bool) -> int`.

`make bench` measures in full; `make bench-quick` (--quick) runs each for a moment, to check that it
works. The exit status is 1 when one of them failed or missed its target.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

Benchmark = Callable[[bool], int]
"""Takes whether the run is quick; returns 0 when every target was met."""


def benchmarks(folder: Path, package: str) -> Iterator[tuple[str, Benchmark]]:
    """Yield name and entry of every benchmark below `folder`, by name.

    A module without a `main` of its own is no benchmark.
    """
    for path in sorted(folder.glob("*.py")):
        if path.stem in ("run", "__init__"):
            continue
        module = importlib.import_module(f"{package}.{path.stem}")
        entry = getattr(module, "main", None)
        if entry is not None and entry.__module__ == module.__name__:
            yield path.stem, entry


def run(found: Sequence[tuple[str, Benchmark]], *, quick: bool) -> list[str]:
    """Run all of them and return the names of those that failed; an error stops no other."""
    failed = []
    for name, entry in found:
        print(f"== {name}", flush=True)
        try:
            missed = entry(quick)
        except Exception:  # noqa: BLE001 - whatever it was, the others still run
            traceback.print_exc(file=sys.stdout)
            missed = 1
        if missed:
            failed.append(name)
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every benchmark and return the exit status."""
    parser = argparse.ArgumentParser(description="Run every benchmark.")
    parser.add_argument("--quick", action="store_true", help="run each for a moment")
    quick = parser.parse_args(arguments).quick
    found = list(benchmarks(Path(__file__).parent, "benchmarks"))
    failed = run(found, quick=quick)
    print(f"{len(found) - len(failed)} of {len(found)} benchmarks met their targets", flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
