"""One look at the service for all who ask the same at the same time, and none that is too old."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Question(Generic[T]):
    """One question while somebody waits. The looks at it are numbered from 1."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    begun: int = 0
    ended: int = 0
    outcome: T | Exception | None = None  # of the one that ended


class Together(Generic[T]):
    """Gives those who wait for the same question the next answer to it.

    Clients who poll as fast as they are answered would have the service do the same work once for
    each of them, and publishers wait behind it. So of each question one look is under way, and
    who comes meanwhile waits for the next, which begins when that one has ended: it may have seen
    what the service was before he came, and an answer must hold all that was acknowledged before
    its request. The first of those who wait takes the look for all; if he leaves, the second does.
    """

    def __init__(self) -> None:
        self._questions: dict[Hashable, _Question[T]] = {}

    def __len__(self) -> int:
        return len(self._questions)

    async def ask(self, question: Hashable, look: Callable[[], Awaitable[T]]) -> T:
        """Return, or raise, what a `look` that begins after this call does.

        Equal questions need looks that do the same. Cancelling is safe.
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
    except Exception as error:  # noqa: BLE001 - raised by each of those who wait for it
        return error
