"""How large a user event may be: a bound of its payload, or Consul's older arithmetic."""

from __future__ import annotations

from typing import Protocol

from tidings.core.errors import PayloadTooLarge

MAX_EVENT_BYTES = 512
"""Serf's bound, before and after encoding. Source: Consul before 1.22, which sets it so."""

_PREFIX_BYTES = len("consul:event:")
_BEFORE = "user event exceeds configured limit of 512 bytes before encoding"
_AFTER = "encoded user event exceeds configured limit of 512 bytes after encoding"


class Sized(Protocol):
    """What counts of an event."""

    name: str
    payload: bytes
    node_filter: str
    service_filter: str
    tag_filter: str


class EventTooLarge(PayloadTooLarge):
    """An event breaks Consul's older rule; `reason` is Serf's text."""

    def __init__(self, size_bytes: int, reason: str) -> None:
        super().__init__("", size_bytes, MAX_EVENT_BYTES)
        self.reason = reason
        self.args = (reason,)


def check_payload(event: Sized, limit_bytes: int, path: str) -> None:
    """Refuse a payload above a limit.

    Raises:
        PayloadTooLarge: the payload, its size and the limit.
    """
    if len(event.payload) > limit_bytes:
        raise PayloadTooLarge(path + "payload", len(event.payload), limit_bytes)


def check_512(event: Sized, l_time: int) -> None:
    """Refuse what Serf would, by its own arithmetic over its MessagePack encoding.

    `l_time` is the Lamport time that the event would get; its encoding takes part.

    Raises:
        EventTooLarge: with Serf's text.

    Source: Consul 1.21 agent/user_event.go and Serf's codec, measured.
    """
    encoded_bytes = _event_bytes(event)
    full_name_bytes = _PREFIX_BYTES + len(event.name.encode())
    if full_name_bytes + encoded_bytes > MAX_EVENT_BYTES:
        raise EventTooLarge(full_name_bytes + encoded_bytes, _BEFORE)
    # a tag, the message with its three names, LTime, name, payload and a flag
    l_time_bytes = 6 + _number_bytes(l_time)
    name_bytes = 5 + _raw_bytes(full_name_bytes)
    payload_bytes = 8 + _raw_bytes(encoded_bytes)
    message_bytes = 1 + l_time_bytes + name_bytes + payload_bytes + 3 + 1
    if 1 + message_bytes > MAX_EVENT_BYTES:
        raise EventTooLarge(1 + message_bytes, _AFTER)


_FIXED_BYTES = 44
"""The ID, and the names of the members that are always there."""


def _event_bytes(event: Sized) -> int:
    size = _FIXED_BYTES + _text_bytes(event.name) + 3
    if event.payload:
        length = len(event.payload)
        size += 2 + length + (2 if length <= 255 else 3)
    for text in (event.node_filter, event.service_filter, event.tag_filter):
        if text:
            size += 3 + _text_bytes(text)
    return size


def _text_bytes(text: str) -> int:
    length = len(text.encode())
    if length <= 31:
        return length + 1
    return length + (2 if length <= 255 else 3)


def _raw_bytes(length: int) -> int:
    return length + (1 if length <= 31 else 3)


def _number_bytes(number: int) -> int:
    for limit, size in ((128, 1), (256, 2), (65_536, 3), (2**32, 5)):
        if number < limit:
            return size
    return 9
