"""Every Python below this sees a time of day that a file moves, as an operator's `date` would."""

from __future__ import annotations

import os
import time
from pathlib import Path

_OFFSET = Path(os.environ["OFFSET_FILE"])
_real_ns = time.time_ns


def _moved_ns() -> int:
    return _real_ns() + int(_OFFSET.read_text()) * 10**9


time.time_ns = _moved_ns
