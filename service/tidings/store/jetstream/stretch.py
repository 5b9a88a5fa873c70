"""Reads all that a log has between two positions, for a copy of it."""

from __future__ import annotations

from tidings.core.record import BIRTH_SEQ, SYSTEMS, KeyEntry, Record, Stretch
from tidings.store.jetstream.message import Message
from tidings.store.jetstream.names import Names
from tidings.store.jetstream.read import MessageReader
from tidings.store.jetstream.records import key_of, record_of

_ALL = ">"
_HIGHEST_SEQ = 2**63 - 1


async def read_stretch(
    reader: MessageReader, names: Names, after_seq: int, limit: int, max_bytes: int
) -> Stretch:
    """Return a stretch; see `EventStore.stretch`."""
    after_seq = min(max(after_seq, BIRTH_SEQ), _HIGHEST_SEQ)
    page = await reader.page([_ALL], after_seq, limit, max_bytes)
    if not page:
        end_seq = await reader.last_seq()  # before the read, or what arrives meanwhile is skipped
        page = await reader.page([_ALL], after_seq, limit, max_bytes)
        if not page:
            return Stretch([], [], max(after_seq, end_seq))
    through_seq = page[-1].seq
    if names.system_of_key(page[-1].subject):
        # its record, if that is still there: both came in one batch
        held = await reader.several([through_seq + 1])
        if len(page) > 1 and sum(len(each.body) for each in (*page, *held)) > max_bytes:
            through_seq = page.pop().seq - 1  # both begin the next stretch
        else:
            through_seq += 1
            page += held
    records, keys = [], []
    for message in page:
        if system := names.system_of_key(message.subject):
            key = str(key_of(message))
            keys.append(KeyEntry(message.seq + 1, system, key, message.body, message.at_us))
        elif record := _record_of(names, message):
            records.append(record)
    return Stretch(records, keys, through_seq)


def _record_of(names: Names, message: Message) -> Record | None:
    """Return a record from its message; None: it is not ours."""
    system, subject = names.filed(message.subject)
    if system not in SYSTEMS or message.subject != names.record(subject):
        return None
    return record_of(message, message.at_us, system, subject)
