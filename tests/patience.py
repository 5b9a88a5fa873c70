"""How long a test waits before it calls something stuck: the one knob for slow machines."""

from __future__ import annotations

import os

# Tidings refuses settings that it does not know, so its children must not inherit our own variable;
# the workers of pytest-xdist are children too and find it under its second name.
_FACTOR = os.environ.pop("TIDINGS_TEST_TIME_FACTOR", None) or os.environ.get(
    "TEST_TIME_FACTOR", "1"
)
os.environ["TEST_TIME_FACTOR"] = _FACTOR

# Far beyond what anything here takes on an idle machine, far below pytest's time-out of 120 s.
PATIENCE_S = 20.0 * float(_FACTOR)
