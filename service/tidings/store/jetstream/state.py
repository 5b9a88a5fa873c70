"""Small values in a stream of their own: one message per name, whose sequence is the revision."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from tidings.core.errors import LogClosed, StateConflict, StoreUnavailable
from tidings.core.record import StateEntry
from tidings.store.jetstream.consumer import follow
from tidings.store.jetstream.link import (
    EXPECTED_LAST_SEQ,
    PATIENCE_S,
    WRONG_LAST_SEQ,
    Link,
    Lost,
    Refused,
)
from tidings.store.jetstream.message import Message
from tidings.store.jetstream.names import Names
from tidings.store.jetstream.read import MessageReader
from tidings.store.watch import StateWatchers

_GONE = "Tidings-Deleted"  # a header; a message that has it means "no value"
# Watchers hear of a deleted name, which then expires; watchers that were away longer list again.
_GONE_TTL = {_GONE: "1", "Nats-TTL": "24h"}
_TRIES = 50
_PAGE_VALUES = 500


class JetStreamState:
    """Small values (`tidings.store.base.StateStore`). Belongs to its store, which runs it."""

    def __init__(self, link: Link, names: Names, reader: MessageReader) -> None:
        self._link = link
        self._names = names
        self._reader = reader
        self._watchers = StateWatchers()
        self.heard_seq = 0
        """The newest revision of any name that the stream delivered."""
        self._told: dict[str, int] = {}  # revisions ahead of the stream, by name
        self._closed = False

    async def get(self, name: str) -> StateEntry | None:
        """Return the value, or None."""
        held = await self._held(name)
        return held if isinstance(held, StateEntry) else None

    async def put(
        self, name: str, value: bytes, *, expect_revision: int | None = None
    ) -> StateEntry:
        """Set the value durably and return it with its new revision."""
        revision = await self._write(name, value, {}, expect_revision)
        assert revision is not None
        entry = StateEntry(name, value, revision)
        self._tell(name, entry, revision)
        return entry

    async def delete(self, name: str, *, expect_revision: int | None = None) -> None:
        """Remove the value durably."""
        revision = await self._write(name, b"", _GONE_TTL, expect_revision)
        if revision is not None:
            self._tell(name, None, revision)

    async def list(self, prefix: str) -> list[StateEntry]:
        """Return every value whose name starts with `prefix`, by name."""
        return [
            StateEntry(name, message.body, message.seq)
            for name, message in sorted((await self._latest(prefix)).items())
            if name.startswith(prefix) and not _is_gone(message)
        ]

    async def held_names(self) -> dict[str, bool]:
        """Return every name in the stream, and whether it has a value; else it was deleted."""
        return {name: not _is_gone(message) for name, message in (await self._latest("")).items()}

    async def _latest(self, prefix: str) -> dict[str, Message]:
        self._check_open()
        latest: dict[str, Message] = {}  # a value that was changed meanwhile is delivered again
        after_seq, is_more = 0, True
        while is_more:
            page = await self._reader.page(
                [self._names.values_below(prefix)], after_seq, _PAGE_VALUES
            )
            for message in page:
                if (name := self._name_of(message)) is not None:
                    latest[name] = message
            is_more = len(page) == _PAGE_VALUES
            after_seq = page[-1].seq if page else 0
        return latest

    def watch(self, prefix: str) -> AsyncIterator[StateEntry | str]:
        """Yield every change from now on, whichever node makes it."""
        return self._watchers.watch(prefix)

    async def run(self, after_seq: int, check: Callable[[], Awaitable[None]]) -> None:
        """Notify watchers of all changes past a revision, until the link closes.

        `check` is called regularly, and may raise to end this.
        """
        filter_subject = f"{self._names.state}.>"
        with suppress(LogClosed):
            async for batch in follow(
                self._link, self._names.state, filter_subject, after_seq, check
            ):
                for message in batch:
                    self._heard(message)

    def close(self) -> None:
        """End every watch."""
        self._closed = True
        self._watchers.close()

    async def _held(self, name: str) -> StateEntry | int:
        """Return the value, or what a writer must expect when there is none: 0, or a deletion."""
        self._check_open()
        message = await self._reader.last(self._names.value(name))
        if message is None:
            return 0
        return message.seq if _is_gone(message) else StateEntry(name, message.body, message.seq)

    async def _write(
        self, name: str, value: bytes, headers: dict[str, str], expect_revision: int | None
    ) -> int | None:
        """Store a message if the name has the expected revision, and return the new one.

        None: there was nothing to delete.
        """
        deletes = bool(headers)
        for _ in range(_TRIES):
            held = await self._held(name)
            revision = held.revision if isinstance(held, StateEntry) else 0
            if expect_revision is not None and expect_revision != revision:
                raise StateConflict(name, expect_revision, revision)
            if deletes and not revision:
                return None
            expected = revision or held
            try:
                await self._link.ready(PATIENCE_S)
                answer = await self._link.ask(
                    self._names.value(name),
                    value,
                    headers={EXPECTED_LAST_SEQ: str(expected), **headers},
                    within_s=PATIENCE_S,
                )
            except Lost as lost:
                raise StoreUnavailable(f"writing {name}: {lost}") from lost
            found = json.loads(answer.data)
            if "error" not in found:
                return int(found["seq"])
            refused = Refused(found["error"])
            if refused.code not in WRONG_LAST_SEQ:
                raise StoreUnavailable(f"writing {name}: {refused}") from refused
        raise StoreUnavailable(f"writing {name}: others were quicker each time")

    def _heard(self, message: Message) -> None:
        self.heard_seq = max(self.heard_seq, message.seq)
        name = self._name_of(message)
        if name is None:
            return
        told_seq = self._told.get(name, 0)
        if message.seq >= told_seq:
            self._told.pop(name, None)
        if message.seq > told_seq:
            gone = _is_gone(message)
            entry = None if gone else StateEntry(name, message.body, message.seq)
            self._watchers.changed(name, entry)

    def _name_of(self, message: Message) -> str | None:
        """Return the name of a value; None = the message is not ours."""
        try:
            return self._names.name_of(message.subject)
        except ValueError:
            return None

    def _tell(self, name: str, entry: StateEntry | None, revision: int) -> None:
        """Notify watchers here of a change at once, and not again when the stream delivers it."""
        if revision > max(self.heard_seq, self._told.get(name, 0)):
            self._told[name] = revision
            self._watchers.changed(name, entry)

    def _check_open(self) -> None:
        if self._closed:
            raise LogClosed


def _is_gone(message: Message) -> bool:
    return _GONE in message.headers
