"""Priority of publishers over readers that replay."""

from __future__ import annotations

import asyncio
from collections import deque

RETURN_S = 0.003
"""How soon after the answer a busy publisher calls again."""


class PublisherPriority:
    """While publishers wait for answers, admits one page of replay for each answer.

    `with priority:` is an append in flight; any number at once.

    An append is a few short steps of the event loop and of the writer's thread; a page is a long
    one. Without this, several pages ran between the steps of each append, so that two readers that
    replayed took two thirds of a publisher's rate. Readers lose little: they wait while the disk
    syncs.
    """

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._publishing = 0
        self._answered_at_s = -RETURN_S
        self._readers: deque[asyncio.Future[None]] = deque()

    def __enter__(self) -> None:
        """Let readers yield from here to the end."""
        self._publishing += 1

    def __exit__(self, *_raised: object) -> None:
        self._publishing -= 1
        self._answered_at_s = asyncio.get_running_loop().time()
        self._admit_next()

    async def wait_for_turn(self) -> bool:
        """Wait for a reader's turn, at most for `longest_s`. Cancelling is safe.

        True = appends are in flight, and the page should be a short one.
        """
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        latest_s = loop.time() + self._longest_s
        is_my_turn = False
        while not is_my_turn and loop.time() < latest_s:
            quiet_at_s = latest_s if self._publishing else self._answered_at_s + RETURN_S
            if loop.time() >= quiet_at_s:
                return False
            is_my_turn = await self._turn_until(min(latest_s, quiet_at_s))
        return is_my_turn or self._publishing > 0

    async def _turn_until(self, at_s: float) -> bool:
        turn = asyncio.get_running_loop().create_future()
        self._readers.append(turn)
        try:
            async with asyncio.timeout_at(at_s):
                await turn
        except TimeoutError:
            return False
        return True

    def _admit_next(self) -> None:
        while self._readers:
            turn = self._readers.popleft()
            if not turn.done():  # else it timed out, or was cancelled
                turn.set_result(None)
                return
