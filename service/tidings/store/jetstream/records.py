"""Records and keys from the messages of a log's stream."""

from __future__ import annotations

from tidings.core.damage import DAMAGED, Unproven
from tidings.core.record import Record
from tidings.store.checksums import record_checksum
from tidings.store.jetstream.message import Message
from tidings.store.jetstream.names import unescape
from tidings.store.kept import KEY_UNTOLD

CHECKSUM = "Tidings-Checksum"
"""Our own header of a record: its checksum in hexadecimal digits."""

KEY = "Tidings-Key"
"""Our own header of a key: its text, escaped as in a NATS subject; the subject has its hash."""


def checksum_text(system: str, subject: str, body: bytes) -> str:
    """Return the checksum of a record as its header has it; the stream sets position and time."""
    return f"{record_checksum(0, 0, system, subject, body):08x}"


def record_of(message: Message, at_us: int, system: str, subject: str) -> Record:
    """Return a record from its message, with `DAMAGED` for a body that fails its checksum."""
    told = message.headers.get(CHECKSUM)
    if told is None:  # an older Tidings stored it
        body: bytes = Unproven(message.body)
    elif told != checksum_text(system, subject, message.body):
        body = DAMAGED
    else:
        body = message.body
    return Record(message.seq, at_us, system, subject, body)


def key_of(message: Message) -> str:
    """Return the text of a key from its message; `KEY_UNTOLD` = an older Tidings stored none."""
    told = message.headers.get(KEY)
    if told is None:
        return KEY_UNTOLD
    try:
        return unescape(told)
    except ValueError:  # not ours
        return KEY_UNTOLD
