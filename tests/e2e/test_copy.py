"""One shell line copies one Tidings into another, cut and begun again as often as it takes."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.server import Server, events_after, nomad_line, serving
from tests.patience import PATIENCE_S

RECORDS = 1_000
CUTS = 20


def shuffled(line: bytes, dice: random.Random) -> bytes:
    """Return the same line with its members in another order, as Nomad's next encoding has them."""

    def shuffle(value: Any) -> Any:
        if isinstance(value, dict):
            members = list(value.items())
            dice.shuffle(members)
            return {name: shuffle(inside) for name, inside in members}
        return [shuffle(item) for item in value] if isinstance(value, list) else value

    return json.dumps(shuffle(json.loads(line))).encode()


def lines_of(server: Server, count: int) -> list[dict[str, Any]]:
    with server.lines("/v1/event/stream?index=1&namespace=*") as lines:
        found = [json.loads(line) for line in events_after(lines, count)]
    for line in found:
        del line["Index"]
        for event in line["Events"]:
            del event["Index"]
    return found


@contextlib.contextmanager
def copying(curl: str, source: str, target: str) -> Iterator[None]:
    """Run the shell line, and cut it at the end of the block."""
    reader = subprocess.Popen([curl, "-sN", source], stdout=subprocess.PIPE)
    assert reader.stdout is not None
    writer = subprocess.Popen(
        [curl, "-sNT", "-", target], stdin=reader.stdout, stdout=subprocess.DEVNULL
    )
    reader.stdout.close()
    try:
        yield
    finally:
        for process in (reader, writer):
            process.kill()
            process.wait(PATIENCE_S)


@pytest.mark.clients  # needs curl
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_copy_that_is_cut_twenty_times_is_complete_and_has_nothing_twice(
    server: Server, tmp_path: Path
) -> None:
    curl = shutil.which("curl")
    assert curl, "curl is missing: apt-get install curl"
    dice = random.Random(7)
    # `curl -T -` waits for its standard input, and looks for answers only when some has come.
    server.end()
    server.flags = ["--nomad-heartbeat=0.1s"]
    server.start()
    lines = [
        nomad_line(n, namespace=dice.choice(["default", "prod"])) for n in range(1, RECORDS + 1)
    ]
    server.publish_nomad([shuffled(line, dice) for line in lines])
    with serving(tmp_path / "copy") as copy:
        source = f"http://{server.http}/v1/event/stream?index=1&namespace=*"
        target = f"http://{copy.http}/v1/publish/nomad?source=a"
        with copy.lines("/v1/event/stream?index=1&namespace=*") as arriving:
            # What has arrived says when to cut: curl reads answers only when it has more to send.
            marks = sorted(dice.sample(range(1, RECORDS), CUTS))
            for already, mark in zip([0, *marks], [*marks, RECORDS], strict=True):
                with copying(curl, source, target):
                    events_after(arriving, mark - already)
        assert lines_of(copy, RECORDS) == lines_of(server, RECORDS)
        newest = newest_seq(copy)
        assert newest == RECORDS + 1, "the copy holds more records than the original"


def newest_seq(server: Server) -> int:
    """Return the position of the newest record."""
    answers = server.publish_nomad([nomad_line(RECORDS + 1)])
    return int(answers[0]["seq"]) - 1
