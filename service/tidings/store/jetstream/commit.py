"""How drafts become messages: one group, one atomic batch.

A batch is stored whole or not at all, and the server judges it: a key must be new on its subject,
an expected sequence the newest of its subject. So drafts are sent optimistically. Only when
the server refuses are keys and heads looked up, each draft decided, and the rest sent again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from secrets import token_hex

from tidings.core.backoff import Backoff
from tidings.core.errors import DISK_FULL, SeqConflict, StoreCorrupt, StoreUnavailable
from tidings.core.record import Draft, Stored
from tidings.store.base import Result, answer_of_key
from tidings.store.jetstream.link import EXPECTED_LAST_SEQ, WRONG_LAST_SEQ, Link, Lost, Refused
from tidings.store.jetstream.names import Names, escape
from tidings.store.jetstream.read import MessageReader
from tidings.store.jetstream.records import CHECKSUM, KEY, checksum_text

# Headers that the server evaluates.
_ID = "Nats-Batch-Id"
_PLACE = "Nats-Batch-Sequence"
_COMMIT = "Nats-Batch-Commit"

_BATCH_MESSAGES = 1000  # the server's limit
_BATCH_BYTES = 16 * 1024 * 1024
_COMMIT_S = 4.0  # how long a batch may take: about as long as publishers wait
_AT_ONCE = 2  # conflicts were looked up; then another node wrote first
_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.2
_TRIES = 8  # refusals before a group is sent one by one: other nodes wrote first each time

# No space left: of the account, of the server's disk or memory, of the stream.
_FULL = frozenset({10002, 10023, 10028, 10047, 10077})
# A batch that arrived incomplete, or that the server dropped: nothing of it is stored.
_BROKEN_BATCH = frozenset({10176, 10177, 10178, 10179, 10200, 10210, 10211})


@dataclass(slots=True)
class _Facts:
    """Conflicts that are known: keys by system and key, heads by subject."""

    keys: dict[tuple[str, str], tuple[int, bytes]] = field(default_factory=dict)
    heads: dict[str, int] = field(default_factory=dict)

    def verdict(self, draft: Draft) -> Result | None:
        """Return the result of a draft; None = it is to be stored."""
        known = answer_of_key(draft, self.keys.get((draft.system, draft.key or "")))
        if known is not None:
            return known
        if draft.expect_last_seq is not None:
            head = self.heads.get(draft.subject, draft.expect_last_seq)
            if head != draft.expect_last_seq:
                return SeqConflict(draft.subject, draft.expect_last_seq, head)
        return None


class Committer:
    """Stores drafts, one group at a time."""

    def __init__(self, link: Link, names: Names, reader: MessageReader) -> None:
        self._link = link
        self._names = names
        self._reader = reader
        # In the order of the calls: a group that is sent again must not be overtaken.
        self._turn = asyncio.Lock()
        self._run = token_hex(4)
        self._batches = count(1)
        self.known_seq = 0
        """The newest sequence that is known to be stored; no later one may be below it."""

    async def append(self, drafts: Sequence[Draft]) -> list[Result]:
        """Commit a group; see `EventStore.append`.

        Raises:
            StoreUnavailable: each draft may be stored or not.
            StoreCorrupt: the stream assigns positions that it assigned before.
        """
        async with self._turn:
            results: list[Result] = []
            for some in _split(drafts):
                results += await self._commit(some)
            return results

    async def finish(self) -> None:
        """Wait for pending work."""
        async with self._turn:
            pass

    async def _commit(self, drafts: Sequence[Draft]) -> list[Result]:
        facts = _Facts()
        pauses = Backoff(_PAUSE_S, _LONGEST_PAUSE_S)
        for number in range(_TRIES):
            if number >= _AT_ONCE:
                await asyncio.sleep(pauses.next_s())
            verdicts = [facts.verdict(draft) for draft in drafts]
            wanted = [d for d, verdict in zip(drafts, verdicts, strict=True) if verdict is None]
            seqs = await self._send(wanted) if wanted else []
            if seqs is not None:
                stored = iter(seqs)
                return [verdict or Stored(next(stored)) for verdict in verdicts]
            facts = await self._look_up(drafts)
        if len(drafts) == 1:
            raise StoreUnavailable("append: others were quicker each time")
        return [result for draft in drafts for result in await self._commit([draft])]

    async def _send(self, drafts: Sequence[Draft]) -> list[int] | None:
        """Store all drafts and return their positions; None: there is a conflict."""
        messages: list[tuple[str, bytes, dict[str, str]]] = []
        places: list[int] = []
        for draft in drafts:
            if draft.key is not None:
                key = self._names.key(draft.system, draft.key)
                messages.append(
                    (key, draft.digest, {EXPECTED_LAST_SEQ: "0", KEY: escape(draft.key)})
                )
            expected = draft.expect_last_seq
            headers = {} if expected is None else {EXPECTED_LAST_SEQ: str(expected)}
            headers[CHECKSUM] = checksum_text(draft.system, draft.subject, draft.body)
            places.append(len(messages))
            messages.append((self._names.record(draft.subject), draft.body, headers))
        known_seq = self.known_seq
        try:
            await self._link.ready(_COMMIT_S)
            last_seq = await self._publish(messages)
        except Refused as refused:
            if refused.code in WRONG_LAST_SEQ or refused.code in _BROKEN_BATCH:
                return None
            cause = DISK_FULL if refused.code in _FULL else ""
            raise StoreUnavailable(f"append: {refused}", cause) from refused
        except Lost as lost:
            raise StoreUnavailable(f"append: {lost}") from lost
        first_seq = last_seq - len(messages) + 1
        if first_seq <= known_seq:
            raise StoreCorrupt(
                f"stream {self._names.log} went backwards: it gave position {first_seq}"
                f" after {known_seq}"
            )
        self.known_seq = max(self.known_seq, last_seq)
        return [first_seq + place for place in places]

    async def _publish(self, messages: Sequence[tuple[str, bytes, dict[str, str]]]) -> int:
        """Send messages as one batch and return the last one's sequence."""
        *before, (subject, body, headers) = messages
        if before:
            batch = f"{self._run}{next(self._batches):x}"
            for place, (one, data, own) in enumerate(before, 1):
                await self._link.publish(one, data, {_ID: batch, _PLACE: str(place), **own})
            headers = {_ID: batch, _PLACE: str(len(messages)), _COMMIT: "1", **headers}
        answer = await self._link.ask(subject, body, headers=headers or None, within_s=_COMMIT_S)
        found = json.loads(answer.data)
        if "error" in found:
            raise Refused(found["error"])
        return int(found["seq"])

    async def _look_up(self, drafts: Sequence[Draft]) -> _Facts:
        keyed = [draft for draft in drafts if draft.key is not None]
        keys = await find_keys(
            self._reader, self._names, [(draft.system, draft.key or "") for draft in keyed]
        )
        facts = _Facts(keys)
        for subject in {d.subject for d in drafts if d.expect_last_seq is not None}:
            last = await self._reader.last(self._names.record(subject))
            facts.heads[subject] = last.seq if last else 0
        return facts


async def find_keys(
    reader: MessageReader, names: Names, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], tuple[int, bytes]]:
    """Return the position and digest of each key, given as system and key, that is stored."""
    if not keys:
        return {}
    subjects = {names.key(system, key): (system, key) for system, key in keys}
    found = await reader.newest_each(list(subjects))
    assert found is not None, "fewer subjects than the server tells of"
    return {subjects[one.subject]: (one.seq + 1, one.body) for one in found.values()}


def _split(drafts: Sequence[Draft]) -> list[Sequence[Draft]]:
    """Cut a group into batches: none too large, and none whose drafts depend on each other."""
    parts: list[Sequence[Draft]] = []
    start = messages = size_bytes = 0
    keys: set[tuple[str, str | None]] = set()
    subjects: set[str] = set()
    for place, draft in enumerate(drafts):
        key = (draft.system, draft.key)
        messages += 1 if draft.key is None else 2
        size_bytes += len(draft.body)
        depends = key in keys or (draft.expect_last_seq is not None and draft.subject in subjects)
        too_large = messages > _BATCH_MESSAGES or size_bytes > _BATCH_BYTES
        if place > start and (depends or too_large):
            parts.append(drafts[start:place])
            start = place
            messages = 1 if draft.key is None else 2
            size_bytes = len(draft.body)
            keys, subjects = set(), set()
        if draft.key is not None:
            keys.add(key)
        subjects.add(draft.subject)
    if drafts:
        parts.append(drafts[start:])
    return parts
