"""Events that come at a steady rate while something else is measured."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.kit.server import Server, nomad_line

_EACH_S = 0.1


@contextmanager
def steadily(server: Server, numbers: Iterator[int], per_s: int) -> Iterator[None]:
    """Publish jobs with the next numbers, `per_s` a second in groups, until the block is left.

    Late groups are caught up.
    """
    ended = threading.Event()
    at_once = round(per_s * _EACH_S)

    def publish() -> None:
        due_s = time.monotonic()
        while not ended.wait(max(0.0, due_s - time.monotonic())):
            server.publish_nomad([nomad_line(next(numbers)) for _ in range(at_once)])
            due_s += _EACH_S

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
