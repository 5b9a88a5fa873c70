"""Failures out of the groups that task groups raise.

An `except*` block cannot raise one of them by itself: Python puts it into a group again, or
loses it (3.11.2), so whoever raises one catches the group.
"""

from __future__ import annotations

from typing import TypeVar

E = TypeVar("E", bound=BaseException)


def first_of(group: BaseExceptionGroup[E]) -> E:
    """Return the first failure of a group, or of the groups inside of it."""
    found = group.exceptions[0]
    return first_of(found) if isinstance(found, BaseExceptionGroup) else found


def only_of(group: BaseExceptionGroup[BaseException], *kinds: type[E]) -> E | None:
    """Return the first failure of a group that has no failures but of these kinds, else None."""
    failed, others = group.split(kinds)
    return None if failed is None or others is not None else first_of(failed)
