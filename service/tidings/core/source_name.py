"""What may be the name of a source: the settings and the contract have one rule."""

from __future__ import annotations

import re

EXPECTED = 'expected 1 to 64 of a-z, A-Z, 0-9, ".", "_" and "-"'

_NAME = re.compile(r"[a-zA-Z0-9._-]{1,64}", re.ASCII)


def is_source_name(name: str) -> bool:
    """Say whether a source may have this name."""
    return bool(_NAME.fullmatch(name))
