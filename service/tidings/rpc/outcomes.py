"""What work comes to, as a value: in a task of its own a failure would end as a group of one."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def outcome_of(work: Coroutine[Any, Any, T]) -> T | Exception:
    """Return what the work returns, or raises. Cancelling it is as cancelling the work."""
    try:
        return await work
    except Exception as failure:  # noqa: BLE001 - for whoever waits for the work to raise it
        return failure
