"""What two messages of the contract have in common, by the names of their fields."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import Message

_M = TypeVar("_M", bound=Message)


def same_fields(message: Message, kind: type[_M]) -> _M:
    """Return a message of another type, with what is set of the fields that both types have.

    They are the same by name, and must have the same type in both; others are left out.
    """
    names = kind.DESCRIPTOR.fields_by_name
    return kind(**{f.name: value for f, value in message.ListFields() if f.name in names})
