"""The cost of a delivered event, compared with the minimum cost and with other servers.

Every row compares sides that are up at the same time and measured alternately, round by round, so
that a noisy machine affects all; the figure is the median of the rounds' ratios. `--row N` measures
one row, `--json` prints everything that was measured. The exit status is 1 when a row has no
verdict or misses its "must"; a quick run (`--quick`) only checks that every row measures something.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.lab.measure import Missing
from benchmarks.lab.rounds import Size
from benchmarks.lab.row import Row
from benchmarks.lab.rows import ROWS, UNMEASURED

NO_VERDICT = "no verdict"
ABSENT = "not here:"
"""The start of the verdict of a row whose peer is not installed."""


def main(  # every benchmark is called with `quick` alone
    quick: bool,  # noqa: FBT001
    only: int = 0,
    *,
    as_json: bool = False,
    asked_records: int | None = None,
) -> int:
    """Measure, print a line for each row, and return 1 when one failed."""
    size = Size.quick() if quick else Size.full()
    if asked_records is not None:
        size = replace(size, asked_records=asked_records)
    found = []
    for row in ROWS:
        if only in (0, row.number):
            print(f"row {row.number}: {row.title}", file=sys.stderr, flush=True)
            ratio, missing = _measure(row, size)
            found.append(
                {
                    "row": row.number,
                    "measure": row.title,
                    "ratio": ratio,
                    "must": row.must,
                    "aim": row.aim,
                    "verdict": _verdict(row, ratio, missing, quick=quick),
                }
            )
            if not as_json:
                _print(found[-1], row)
    if not only:
        found += [{"row": number, "verdict": NO_VERDICT} for number in UNMEASURED]
        print(f"rows without a verdict: {UNMEASURED}", file=sys.stderr)
    if as_json:
        print(json.dumps(found, indent=1))
    return int(any(_fails(str(line["verdict"]), quick=quick) for line in found))


def _fails(verdict: str, *, quick: bool) -> bool:
    if quick:  # which skips what is not installed, and has no targets
        return verdict not in ("measured", NO_VERDICT) and not verdict.startswith(ABSENT)
    return verdict not in ("aim", "must")


def _measure(row: Row, size: Size) -> tuple[float | None, str]:
    folder = Path(tempfile.mkdtemp(prefix="tidings-bench-"))
    try:
        return row.measure(folder, size), ""
    except Missing as what:
        return None, f"{ABSENT} {what}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _verdict(row: Row, ratio: float | None, missing: str, *, quick: bool) -> str:
    if ratio is None:
        return missing
    if quick:
        return "measured" if ratio > 0 else "measured nothing"
    if row.is_met(ratio, row.aim):
        return "aim"
    return "must" if row.is_met(ratio, row.must) else "MISSED"


def _print(line: dict[str, object], row: Row) -> None:
    ratio = line["ratio"]
    shown = f"{ratio:6.2f}" if isinstance(ratio, float) else "     -"
    sign = ">=" if row.more_is_better else "<="
    print(
        f"{row.number:3} {row.title:64} {shown}"
        f"  must {sign} {row.must:<5g} aim {sign} {row.aim:<5g} {line['verdict']}",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure for a moment only")
    parser.add_argument("--row", type=int, default=0, help="measure this row alone")
    parser.add_argument(
        "--events", type=int, help="of the log that rows 21, 23 and 24 ask (1,000,000)"
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    options = parser.parse_args()
    sys.exit(main(options.quick, options.row, as_json=options.json, asked_records=options.events))
