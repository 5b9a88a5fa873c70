"""Records framed as messages of a stream, without a call of protobuf."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from google.protobuf.timestamp_pb2 import Timestamp

from tidings.core.damage import Damaged
from tidings.core.limits import MAX_BATCH_BYTES, MAX_RESPONSE_BYTES
from tidings.core.record import Record
from tidings.dialects.rules import timestamp
from tidings.log.batch import Pick
from tidings.rpc.gaps import gap_message
from tidings.v1.event_service_pb2 import GapReason as _Reason

_SEQ_TAG = b"\x08"  # EventRecord.seq, field 1, varint
_SEQ_LOW = [_SEQ_TAG + bytes((low | 0x80,)) for low in range(0x80)]  # and its first byte of several
_TIME_TAG = b"\x12"  # EventRecord.recorded_at, field 2, length-delimited
_RECORDS_TAG = b"\x0a"  # RecordBatch.records, field 1, length-delimited
_BATCH_TAG = b"\x0a"  # SubscribeResponse.batch, field 1, length-delimited


def encoded_record(record: Record, body: bytes) -> bytes:
    """Return an encoded EventRecord: position and time of a record, and what follows them."""
    return b"".join((_SEQ_TAG, varint(record.seq), _time(record.recorded_at_us), body))


def grouped(picks: Sequence[Pick], bodies: Sequence[bytes]) -> Iterator[bytes]:
    """Frame each body as one of the message's records, and end a message when it is full.

    The parts of a frame that many records share are made once: their time, and the upper part of
    their positions.
    """
    parts: list[bytes] = [b""]  # the first one is for the batch's own frame
    size_bytes = 0
    shared, shared_high, shared_us = b"", -1, -1
    for ((seq, at_us, system, _, _), _), body in zip(picks, bodies, strict=True):
        if type(body) is Damaged:
            if size_bytes:
                yield _joined(parts, size_bytes)
                parts, size_bytes = [b""], 0
            yield gap_message(system, seq, seq, _Reason.GAP_REASON_DAMAGED, seq)
            continue
        high = seq >> 7
        if high != shared_high or at_us != shared_us:
            shared_high, shared_us = high, at_us
            shared = (varint(high) if high else b"") + _time(at_us)
        low = _SEQ_LOW[seq & 0x7F] if high else _SEQ_TAG + varint(seq)
        record_bytes = len(low) + len(shared) + len(body)
        if size_bytes and size_bytes + record_bytes > MAX_BATCH_BYTES:
            yield _joined(parts, size_bytes)
            parts, size_bytes = [b""], 0
        if record_bytes > MAX_RESPONSE_BYTES:
            yield gap_message(system, seq, seq, _Reason.GAP_REASON_TOO_LARGE, seq)
            continue
        frame = _frame(record_bytes)
        parts += (frame, low, shared, body)
        size_bytes += len(frame) + record_bytes
    if size_bytes:
        yield _joined(parts, size_bytes)


def _joined(parts: list[bytes], size_bytes: int) -> bytes:
    """Return framed records as the batch of a message; the first part is still empty."""
    parts[0] = _BATCH_TAG + varint(size_bytes)
    return b"".join(parts)


@lru_cache(maxsize=4096)  # lengths, and the upper parts of positions, repeat
def varint(number: int) -> bytes:
    """Return protobuf's encoding of an unsigned number."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


@lru_cache(maxsize=4096)  # records of one kind have similar lengths
def _frame(record_bytes: int) -> bytes:
    return _RECORDS_TAG + varint(record_bytes)


@lru_cache(maxsize=256)  # the records of one commit share their time
def _time(recorded_at_us: int) -> bytes:
    recorded_at: Timestamp = timestamp(recorded_at_us)
    time = recorded_at.SerializeToString()
    return b"".join((_TIME_TAG, varint(len(time)), time))
