"""Memory that a gateway holds for its callers: request bodies, and answers that are unread.

It is bounded in total and for each caller. When the limit is reached, answers whose clients have
stopped reading are aborted first; a request that still does not fit is refused with Busy.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager

from tidings.gateway.memory import give_back
from tidings.gateway.transcode.errors import Busy

# For room: longer than an aborted answer, or an answered upload, takes to release its memory.
WAIT_S = 2.0
# A client that has read nothing for this long, when there is no room, counts as stalled.
STALLED_S = 2.0
# Freed bytes after which the heap is trimmed, which takes some milliseconds.
_GIVE_BACK_BYTES = 32 * 1024**2


class Budget:
    """What one gateway may hold. Belongs to one event loop.

    A caller may hold half of it, so that one caller alone cannot starve the others.
    """

    def __init__(self, total_bytes: int, give_back: Callable[[], None] = give_back) -> None:
        self._total_bytes = total_bytes
        self._share_bytes = total_bytes // 2
        self._give_back = give_back
        self._held_bytes = 0
        self._let_go_bytes = 0  # since the heap was trimmed
        self._by_caller: Counter[Hashable] = Counter()
        self._holders: Counter[tuple[Hashable, int]] = Counter()  # of an answer, by its identity
        self._holds: set[Hold] = set()
        self._freed = asyncio.Event()

    @property
    def held_bytes(self) -> int:
        """What is held now. An answer that many clients share counts once."""
        return self._held_bytes

    def hold(self, caller: Hashable) -> Hold:
        """Return the account of one request of a caller, empty. Its owner closes it."""
        hold = Hold(self, caller)
        self._holds.add(hold)
        return hold

    async def take(self, caller: Hashable, size_bytes: int) -> None:
        """Count bytes as held by a caller; waits a moment where there is no room.

        Raises:
            Busy: there is none.
        """
        if not self._has_room(caller, size_bytes):
            await self._wait_for_room(caller, size_bytes)
        self._held_bytes += size_bytes
        self._by_caller[caller] += size_bytes

    def give(self, caller: Hashable, size_bytes: int) -> None:
        """Release bytes."""
        self._held_bytes -= size_bytes
        self._by_caller[caller] -= size_bytes
        if not self._by_caller[caller]:
            del self._by_caller[caller]
        self._freed.set()
        self._let_go_bytes += size_bytes
        if self._let_go_bytes >= _GIVE_BACK_BYTES and 2 * self._held_bytes < self._let_go_bytes:
            self._let_go_bytes = 0
            asyncio.get_running_loop().call_soon(self._give_back)

    async def take_answer(self, caller: Hashable, answer: bytes) -> None:
        """Count an answer, unless the same object is counted for this caller, or for all, already.

        Raises:
            Busy: there is no room.
        """
        shared, own = ("", id(answer)), (caller, id(answer))
        if not self._holders[own]:
            size_bytes = len(answer)
            await self.take(own[0], size_bytes)
            if self._holders[shared]:
                self._held_bytes -= size_bytes
        self._holders[own] += 1
        self._holders[shared] += 1

    def give_answer(self, caller: Hashable, answer: bytes) -> None:
        """Stop counting an answer for one of its holders."""
        shared, own = ("", id(answer)), (caller, id(answer))
        for key in (shared, own):
            self._holders[key] -= 1
        if not self._holders[own]:
            del self._holders[own]
            if self._holders[shared]:
                self._held_bytes += len(answer)  # other callers still hold it
            self.give(caller, len(answer))
        if not self._holders[shared]:
            del self._holders[shared]

    def forget(self, hold: Hold) -> None:
        """Drop a hold that is closed."""
        self._holds.discard(hold)

    def _has_room(self, caller: Hashable, size_bytes: int) -> bool:
        own_bytes = self._by_caller[caller]
        is_mine = not own_bytes or own_bytes + size_bytes <= self._share_bytes
        return is_mine and self._held_bytes + size_bytes <= self._total_bytes

    async def _wait_for_room(self, caller: Hashable, size_bytes: int) -> None:
        for hold in self._holds:
            hold.press(STALLED_S)
        try:
            async with asyncio.timeout(WAIT_S):
                while not self._has_room(caller, size_bytes):
                    self._freed.clear()
                    await self._freed.wait()
        except TimeoutError:
            raise Busy from None


class Hold:
    """What one request holds: bytes of a body, and an answer."""

    def __init__(self, budget: Budget, caller: Hashable) -> None:
        self._budget = budget
        self._caller = caller
        self._size_bytes = 0
        self._answer: bytes | None = None
        self._waits: asyncio.Timeout | None = None  # for a client that does not read
        self._since_s = 0.0

    async def resize(self, size_bytes: int) -> None:
        """Hold so many bytes of a body, and no others.

        Raises:
            Busy: there is no room for what is more.
        """
        more_bytes = size_bytes - self._size_bytes
        if more_bytes > 0:
            await self._budget.take(self._caller, more_bytes)
        elif more_bytes:
            self._budget.give(self._caller, -more_bytes)
        self._size_bytes = size_bytes

    async def keep(self, answer: bytes) -> None:
        """Hold an answer, once. The same object counts once for all clients that share it.

        Raises:
            Busy: there is no room for it.
        """
        await self._budget.take_answer(self._caller, answer)
        self._answer = answer

    @asynccontextmanager
    async def patience(self, most_s: float) -> AsyncIterator[None]:
        """Bound the wait for a client that does not read: by `most_s`, or earlier without room.

        Raises:
            TimeoutError: it is over.
        """
        self._since_s = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(most_s) as self._waits:
                yield
        finally:
            self._waits = None

    def press(self, stalled_s: float) -> None:
        """Abort the answer to a client that has read nothing for so long."""
        now_s = asyncio.get_running_loop().time()
        if self._waits is not None and now_s - self._since_s >= stalled_s:
            self._waits.reschedule(now_s)

    def close(self) -> None:
        """Release everything."""
        if self._size_bytes:
            self._budget.give(self._caller, self._size_bytes)
            self._size_bytes = 0
        if self._answer is not None:
            self._budget.give_answer(self._caller, self._answer)
            self._answer = None
        self._budget.forget(self)
