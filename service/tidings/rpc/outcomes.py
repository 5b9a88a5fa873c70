"""Results and failures as values: a task group would wrap a failure in an ExceptionGroup."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def outcome_of(work: Coroutine[Any, Any, T]) -> T | Exception:
    """Return what the work returns, or raises. Cancelling it cancels the work."""
    try:
        return await work
    except Exception as failure:  # noqa: BLE001 - for whoever waits for the work to raise it
        return failure
