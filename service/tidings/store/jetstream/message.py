"""Stored messages, as replicas and leaders answer with them, and their times."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from nats.aio.msg import Msg

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_UNEVEN_US = 60_000_000  # what unsynchronized clocks of servers may differ by


class Message(NamedTuple):
    """A stored message. A tuple, because a feed makes one for every record."""

    seq: int
    at_us: int
    subject: str
    body: bytes
    headers: Mapping[str, str]


def parse_direct(message: Msg) -> Message:
    """Return a message from a replica's answer."""
    headers = message.headers or {}
    return Message(
        int(headers["Nats-Sequence"]),
        parse_time_us(headers["Nats-Time-Stamp"]),
        headers["Nats-Subject"],
        message.data,
        headers,
    )


def parse_stored(stored: Mapping[str, Any]) -> Message:
    """Return a message from the leader's answer."""
    lines = base64.b64decode(stored.get("hdrs", "")).decode("utf-8", "replace").split("\r\n")[1:]
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    body = base64.b64decode(stored.get("data", ""))
    return Message(stored["seq"], parse_time_us(stored["time"]), stored["subject"], body, headers)


def weight_of(message: Message) -> int:
    """Return the size of a message in the files of a server, in bytes.

    Source: nats-server 2.12, server/filestore.go, fileStoreMsgSize: 22 bytes for each message and 4
    if it has headers, beside its subject, headers and body. Headers that a replica adds to its
    answer cannot be told from stored ones, and count.
    """
    headers = sum(len(name) + len(value) + 4 for name, value in message.headers.items())
    return 26 + len(message.subject) + headers + len(message.body)


def evened(before_us: int, stored_us: int) -> int:
    """Return the time of a record, from that of the one before and its own.

    Times are the leader's, and the next leader's clock may be slightly behind: then the time stays
    the same. The time of a leader whose clock was far ahead is not kept for the records after it.
    """
    return max(before_us, stored_us) if before_us - stored_us <= _UNEVEN_US else stored_us


def parse_time_us(text: str) -> int:
    """Return microseconds since 1970 from RFC 3339, rounded down."""
    return (datetime.fromisoformat(text) - EPOCH) // MICROSECOND
