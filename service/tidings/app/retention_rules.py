"""Retention rules from the settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tidings.app.settings import Settings
from tidings.core.record import SYSTEMS
from tidings.dialects.dialect import Dialect
from tidings.log.retention_rule import WHOLE_LOG, Keep

_FIELDS = {"age": "max_age_s", "records": "max_count", "size": "max_bytes"}
"""Fields of a rule, by the name of a bound that a system may have of its own."""


def rules_of(settings: Settings, dialects: Mapping[str, Dialect]) -> dict[str, Keep]:
    """Return what is kept of each system, never less than its own API shows, and of all together.

    A system's own bounds replace those for all.
    """
    rules = {
        system: Keep(
            max_age_s=settings.retention_age,
            max_count=settings.retention_records,
            min_count=_shown_by(dialects.get(system)),
        )
        for system in SYSTEMS
    }
    for own in settings.retention_systems:
        bound: dict[str, Any] = {_FIELDS[own.name]: own.value}
        rules[own.system] = dataclasses.replace(rules[own.system], **bound)
    rules[WHOLE_LOG] = Keep(max_bytes=settings.retention_size)
    return rules


def _shown_by(dialect: Dialect | None) -> int:
    """Return how many records a system's own API shows at most, and one in any case."""
    if dialect is None or dialect.window is None:
        return 1
    return max(dialect.window.max_count or 1, 1)
