"""Faults at random, for as long as asked: `make chaos MINUTES=10`.

Each round is some minutes of faults under traffic, then the check of all that must hold. Ends with
status 1 at the first round that does not.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.nats.faults import check_through, field_of_faults

_FAULTS_A_ROUND = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    arguments = parser.parse_args()
    sys.stdout.write(f"seed {arguments.seed}\n")
    deadline_s = time.monotonic() + 60.0 * arguments.minutes
    chance = random.Random(arguments.seed)
    number = 0
    while number == 0 or time.monotonic() < deadline_s:
        number += 1
        with (
            tempfile.TemporaryDirectory(prefix="tidings-chaos-") as top,
            field_of_faults(Path(top), chance.randrange(10**6)) as field,
        ):
            faults = chance.choices(field.faults, k=_FAULTS_A_ROUND)
            sys.stdout.write(f"round {number}: {', '.join(one.__name__ for one in faults)}\n")
            sys.stdout.flush()
            count = check_through(faults, field, calm_s=chance.uniform(0.5, 4.0))
            sys.stdout.write(f"round {number}: {count} acknowledged, none lost or repeated\n")


if __name__ == "__main__":
    main()
