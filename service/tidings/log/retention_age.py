"""Whether a time is trustworthy enough to delete by it."""

from __future__ import annotations

from tidings.store.base import EventStore

DAY_S = 86_400.0
_DAY_US = int(DAY_S * 1e6)


async def is_confirmed(
    store: EventStore, now_us: int, span_s: float, steady_s: float = 0.0
) -> bool:
    """Say whether the records in the log confirm the current time.

    They do when the newest is at most a day old, so that a clock that is ahead of the records'
    clock is not trusted; and when such records have been stored for `span_s` seconds (at most a
    day) since the last day without records, so that a clock that jumped is not trusted because of
    its own records. A clock that has not jumped for that long (`steady_s`) needs no such records.
    """
    newest_seq = (await store.bounds()).last_seq
    newest_us = await _recorded_at_us(store, newest_seq)
    if newest_us is None or now_us - newest_us > _DAY_US:
        return False
    if steady_s >= span_s:
        return True
    # past the span: a day without records may end where it begins
    first_seq = await store.seek(None, min(now_us, newest_us) - int(span_s * 1e6) + 1)
    first_us = await _recorded_at_us(store, first_seq)
    return first_us is not None and await store.seek(None, first_us - _DAY_US) < first_seq


async def _recorded_at_us(store: EventStore, seq: int) -> int | None:
    found = await store.read(seq - 1, 1) if seq else []
    return found[0].recorded_at_us if found else None
