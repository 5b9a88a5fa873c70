"""Putting what a test has in the place of what a page or a file says."""

from __future__ import annotations

import re
from collections.abc import Mapping


def replaced(text: str, real_of: Mapping[str, str]) -> str:
    """Replace all at once: a port that the system gives may begin as one that comes later."""
    written = "|".join(map(re.escape, real_of))
    return re.sub(written, lambda at: real_of[at[0]], text) if written else text
