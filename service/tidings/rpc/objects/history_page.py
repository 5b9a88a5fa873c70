"""The versions of one object for one answer, each compared with the one before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from tidings.core.limits import MAX_PAGE_BYTES, MAX_RECORD_BYTES
from tidings.dialects.changes import changes
from tidings.dialects.dialect import Dialect
from tidings.rpc.objects.versions import Version, show_value
from tidings.v1 import objects_pb2 as pb
from tidings.v1.json_runtime import Json

_MAX_CHANGES = 1000
"""Of one version."""

_LOW_64 = 2**64 - 1


class _Waiting(NamedTuple):
    """A version whose predecessor is not known yet."""

    version: Version
    value: Json
    """As `changes` compares it."""


@dataclass(slots=True)
class HistoryPage:
    """The versions for one answer, newest first."""

    request: pb.GetObjectHistoryRequest
    dialect: Dialect
    from_us: int
    limit: int
    waiting: _Waiting | None = None
    found: list[pb.ObjectVersion] = field(default_factory=list)
    size_bytes: int = 0
    is_full: bool = False
    is_done: bool = False

    def takes(self, version: Version) -> bool:
        """Take the next version, or another object's; False = this page is full."""
        if not self._is_of_the_object(version):
            return True
        if self.waiting is None:
            if version.recorded_at_us < self.from_us:
                self.is_done = True
                return False
            self.waiting = self._read(version)
            return True
        older = self._read(version)
        told = self._compared(self.waiting, older)
        if told is not None and not self._adds(told):
            self.is_full = True
            return False
        if version.recorded_at_us < self.from_us:
            self.waiting, self.is_done = None, True
            return False
        self.waiting = older
        self.is_full = len(self.found) >= self.limit
        return not self.is_full

    @property
    def held_bytes(self) -> int:
        """The size of what the next version is compared with."""
        return 0 if self.waiting is None else self.waiting.version.size_bytes

    @property
    def token(self) -> tuple[int, int, int]:
        """Where the version that waits is stored, and the number of its object; zeros = none."""
        if self.waiting is None:
            return 0, 0, 0
        version = self.waiting.version
        return version.seq, version.place, version.identity.number & _LOW_64

    def resume(self, versions: Iterable[Version], place: int, number: int) -> None:
        """Continue with a version that waited, and those before it in its record."""
        for version in versions:
            if version.place <= place and version.identity.number & _LOW_64 == number:
                if self.waiting is None:
                    self.waiting = self._read(version)
                else:
                    self.takes(version)

    def end(self) -> None:
        """Note that there is no earlier version; the page may be full before that."""
        if self.waiting is None:
            return
        told = _described(self.waiting.version)
        told.first_known = True
        self._show_value(told, self.waiting)
        if self._adds(told):
            self.waiting = None
        else:
            self.is_full = True

    def _is_of_the_object(self, version: Version) -> bool:
        """Return whether it is the requested object: the newest version decides which that is."""
        if self.waiting is not None:
            return version.identity == self.waiting.version.identity
        asked, told = self.request, version.object
        return (
            told.kind == asked.kind
            and asked.id in {told.id, told.name}
            and asked.namespace in {"", told.namespace}
            and (not asked.HasField("source") or asked.source == version.identity.group.source)
        )

    def _read(self, version: Version) -> _Waiting:
        return _Waiting(version, version.parsed(self.dialect))

    def _compared(self, newer: _Waiting, older: _Waiting) -> pb.ObjectVersion | None:
        """Return a version with its changes; None if it has none and only others are wanted."""
        told = _described(newer.version)
        differing = changes(older.value, newer.value)
        room = min(MAX_PAGE_BYTES, MAX_RECORD_BYTES - told.ByteSize())
        for change in islice(differing, _MAX_CHANGES):
            room -= sum(map(len, change)) * 4  # as UTF-8 at most
            if room < 0:
                told.more_changes = True
                break
            told.changes.add(pointer=change.pointer, old_json=change.old, new_json=change.new)
        told.more_changes |= next(differing, None) is not None
        is_alike = not (told.changes or told.more_changes)
        if (
            self.request.changed_only
            and is_alike
            and newer.version.object.deleted == older.version.object.deleted
        ):
            return None
        self._show_value(told, newer)
        return told

    def _show_value(self, told: pb.ObjectVersion, one: _Waiting) -> None:
        if self.request.view == pb.OBJECT_VIEW_FULL:
            show_value(told.object, one.version.value(self.dialect), told.ByteSize())

    def _adds(self, told: pb.ObjectVersion) -> bool:
        size_bytes = told.ByteSize() + 8
        if self.found and self.size_bytes + size_bytes > MAX_PAGE_BYTES:
            return False
        self.found.append(told)
        self.size_bytes += size_bytes
        return True


def _described(version: Version) -> pb.ObjectVersion:
    told = pb.ObjectVersion(deleted=version.object.deleted)
    version.tell(told.object)
    if version.event.HasField("occurred_at"):
        told.occurred_at.CopyFrom(version.event.occurred_at)
    return told
