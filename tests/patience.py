"""How long a test waits before it calls something stuck: the one knob for slow machines."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Tidings refuses settings that it does not know, so its children must not inherit our own variable;
# the workers of pytest-xdist are children too and find it under its second name.
_FACTOR = os.environ.pop("TIDINGS_TEST_TIME_FACTOR", None) or os.environ.get(
    "TEST_TIME_FACTOR", "1"
)
os.environ["TEST_TIME_FACTOR"] = _FACTOR

# Far beyond what anything here takes on an idle machine, far below pytest's time-out of 180 s.
PATIENCE_S = 40.0 * float(_FACTOR)


def until(look: Callable[[], T | None], what: str, within_s: float = PATIENCE_S) -> T:
    """Look at another process, which cannot tell us, until it shows something; return that."""
    deadline_s = time.monotonic() + within_s
    pause = threading.Event()
    while not (found := look()):
        assert time.monotonic() < deadline_s, f"not within {within_s:g} s: {what}"
        pause.wait(0.02)
    return found
