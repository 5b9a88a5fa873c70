"""The versions of one object for one answer, each compared with the one before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from tidings.core.limits import MAX_PAGE_BYTES, MAX_RECORD_BYTES
from tidings.core.object_question import name_number
from tidings.dialects.changes import Change, changes
from tidings.dialects.dialect import Dialect
from tidings.log.batch import Batch
from tidings.rpc.framing import varint
from tidings.rpc.objects.versions import Version, fit, show_value, versions_of_each
from tidings.v1 import objects_pb2 as pb

_OBJECT_TAG = b"\x0a"  # ObjectVersion.object, field 1, length-delimited
_MAX_CHANGES = 1000
"""Of one version."""

_LOW_64 = 2**64 - 1


@dataclass(slots=True)
class HistoryPage:
    """The versions for one answer, newest first."""

    request: pb.GetObjectHistoryRequest
    dialect: Dialect
    from_us: int
    limit: int
    waiting: Version | None = None
    """A version whose predecessor is not known yet; its own value is."""

    found: list[bytes] = field(default_factory=list)
    """Encoded messages, `ObjectVersion`."""
    size_bytes: int = 0
    is_full: bool = False
    is_done: bool = False

    def take(self, batch: Batch, dialects: Mapping[str, Dialect], before_seq: int) -> int:
        """Take the versions in the next older records, and return which position it came to.

        It comes from `before_seq`. Where the object is found by its name, the rest of the batch is
        left: other records of it may carry another name, which was not looked for.
        """
        was_known = self.waiting is not None
        each = versions_of_each(batch.picks, dialects, with_values=True)
        for pick, versions in zip(batch.picks, each, strict=True):
            if not all(map(self._takes, versions)):
                return before_seq
            before_seq = pick.record.seq
            if self.is_by_name and not was_known:
                return before_seq
        return batch.position

    def _takes(self, version: Version) -> bool:
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
    def is_by_name(self) -> bool:
        """Whether the object is known, and has another id than what was asked for, which is a name.

        All versions of an object have one id; their names may differ.
        """
        return self.waiting is not None and self.waiting.identity.id != self.request.id

    @property
    def number(self) -> int:
        """Of the object as the index numbers it, or of all that may be it while it is not known."""
        if self.waiting is None:
            return name_number(self.dialect.system, self.request.kind, self.request.id)
        return self.waiting.identity.number

    @property
    def held_bytes(self) -> int:
        """The size of what the next version is compared with."""
        return 0 if self.waiting is None else self.waiting.size_bytes

    @property
    def token(self) -> tuple[int, int, int]:
        """Where the version that waits is stored, and the number of its object; zeros = none."""
        if self.waiting is None:
            return 0, 0, 0
        return self.waiting.seq, self.waiting.place, self.waiting.identity.number & _LOW_64

    def resume(self, versions: Iterable[Version], place: int, number: int) -> None:
        """Continue with a version that waited, and those before it in its record."""
        for version in versions:
            if version.place <= place and version.identity.number & _LOW_64 == number:
                if self.waiting is None:
                    self.waiting = self._read(version)
                elif not self._takes(version):
                    return

    def end(self) -> None:
        """Note that there is no earlier version; the page may be full before that."""
        if self.waiting is None:
            return
        if self._adds(self._encoded(self.waiting, is_first=True)):
            self.waiting = None
        else:
            self.is_full = True

    def _is_of_the_object(self, version: Version) -> bool:
        """Return whether it is the requested object: the newest version decides which that is."""
        if self.waiting is not None:
            return version.identity == self.waiting.identity
        asked, told = self.request, version.object
        return (
            told.kind == asked.kind
            and asked.id in {told.id, told.name}
            and asked.namespace in {"", told.namespace}
            and (not asked.HasField("source") or asked.source == version.identity.group.source)
        )

    def _read(self, version: Version) -> Version:
        if version.known is not None:
            return version
        return version._replace(known=version.parsed(self.dialect))

    def _compared(self, newer: Version, older: Version) -> bytes | None:
        """Return a version with its changes; None if it has none and only others are wanted."""
        differing = changes(older.known, newer.known)
        found = list(islice(differing, _MAX_CHANGES))
        is_same = not found and newer.object.deleted == older.object.deleted
        if is_same and self.request.changed_only:
            return None
        are_more = next(differing, None) is not None
        return self._encoded(newer, found, are_more=are_more)

    def _encoded(
        self,
        version: Version,
        found: Sequence[Change] = (),
        *,
        are_more: bool = False,
        is_first: bool = False,
    ) -> bytes:
        """Return a version with its changes; the first that is known has none."""
        state = version.state()
        encoded = fit(state)
        more = pb.ObjectVersion()
        room = min(MAX_PAGE_BYTES, MAX_RECORD_BYTES - len(encoded))
        for pointer, old, new in found:
            room -= (len(pointer) + len(old) + len(new)) * 4  # as UTF-8 at most
            if room < 0:
                are_more = True
                break
            more.changes.add(pointer=pointer, old_json=old, new_json=new)
        if are_more:
            more.more_changes = True
        if is_first:
            more.first_known = True
        if version.object.deleted:
            more.deleted = True
        if version.event.HasField("occurred_at"):
            more.occurred_at.CopyFrom(version.event.occurred_at)
        if self.request.view == pb.OBJECT_VIEW_FULL:
            show_value(state, version.value(self.dialect), len(encoded) + more.ByteSize())
            encoded = state.SerializeToString()
        return b"".join((_OBJECT_TAG, varint(len(encoded)), encoded, more.SerializeToString()))

    def _adds(self, encoded: bytes) -> bool:
        size_bytes = len(encoded) + 8
        if self.found and self.size_bytes + size_bytes > MAX_PAGE_BYTES:
            return False
        self.found.append(encoded)
        self.size_bytes += size_bytes
        return True
