"""What a copy of a log has beside its records: small values, and trim marks."""

from __future__ import annotations

from tidings.core.record import StateEntry
from tidings.store.base import ORIGIN, RETENTION, TRIM_MARKS, StateStore


async def values_of(state: StateStore) -> list[StateEntry]:
    """Return the small values that are copied, by name.

    Not the trim marks, and nothing specific to this log: its retention rule needs a confirmation
    again, and the mark of a backup does not apply to the copy.
    """
    return [
        entry
        for entry in await state.list("")
        if not entry.name.startswith((TRIM_MARKS, RETENTION)) and entry.name != ORIGIN
    ]


async def marks_of(state: StateStore, through_seq: int) -> dict[str, int]:
    """Return through which position each subject may have lost records, up to the end of a copy."""
    return {
        entry.name.removeprefix(TRIM_MARKS): min(int(entry.value), through_seq)
        for entry in await state.list(TRIM_MARKS)
    }
