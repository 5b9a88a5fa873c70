"""Memory that is given back to the system."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import psutil
from tidings.gateway import memory
memory.set_up()
process = psutil.Process()
before = process.memory_info().rss
blocks = [bytes(8 * 1024**2 + number) for number in range(12)]
for block in blocks:
    assert block[-1] == 0
kept = [bytes(300_000) for _ in range(3)]
blocks = [bytes([1]) * len(block) for block in blocks]
most = process.memory_info().rss - before
del blocks, block
memory.give_back()
print(most // 1024**2, (process.memory_info().rss - before) // 1024**2)
"""


def test_large_blocks_are_the_systems_again() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True
    )
    most_mib, left_mib = map(int, done.stdout.split())
    assert most_mib > 90
    assert left_mib < 12
