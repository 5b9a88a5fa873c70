"""Single-flight: equal questions at the same time share one call to the service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Question(Generic[T]):
    """One question while callers wait. The calls for it are numbered from 1."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    begun: int = 0
    ended: int = 0
    outcome: T | Exception | None = None  # of the last call that ended


class SingleFlight(Generic[T]):
    """Coalesces concurrent calls for equal questions.

    Clients that poll as fast as they are answered would make the service do the same work once for
    each of them, and publishers wait behind it. So one call for each question is in flight. A
    caller that arrives meanwhile waits for the next one: the call in flight may have read a state
    from before its request, and an answer must hold all that was acknowledged before the request
    (read your writes). The first waiting caller makes the call for all; if it is cancelled, the
    second does.
    """

    def __init__(self) -> None:
        self._questions: dict[Hashable, _Question[T]] = {}

    def __len__(self) -> int:
        return len(self._questions)

    async def ask(self, question: Hashable, look: Callable[[], Awaitable[T]]) -> T:
        """Return, or raise, the outcome of a `look` that begins after this call.

        Equal questions need equal looks. Cancelling is safe.
        """
        shared = self._questions.setdefault(question, _Question())
        came_after = shared.begun
        shared.waiting += 1
        try:
            async with shared.turn:
                if shared.ended <= came_after:
                    shared.begun += 1
                    shared.outcome = await _outcome_of(look)
                    shared.ended = shared.begun
                outcome = shared.outcome
        finally:
            shared.waiting -= 1
            if not shared.waiting:
                del self._questions[question]
        if isinstance(outcome, Exception):
            raise outcome
        assert outcome is not None
        return outcome


async def _outcome_of(look: Callable[[], Awaitable[T]]) -> T | Exception:
    try:
        return await look()
    except Exception as error:  # noqa: BLE001 - raised to each waiting caller
        return error
