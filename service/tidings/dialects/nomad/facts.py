"""What selection and rights may see of one of Nomad's events."""

from __future__ import annotations

from typing import NamedTuple


class NomadFacts(NamedTuple):
    """Of one event; `keys` are its key and its filter keys."""

    topic: str
    keys: tuple[str, ...]
    namespace: str
