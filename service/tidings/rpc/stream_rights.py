"""Whether a caller may open a stream: compares each selector with its rights."""

from __future__ import annotations

from collections.abc import Iterable

from tidings.dialects import rights_by_system
from tidings.dialects.systems import system_name
from tidings.rpc.authorize import Caller
from tidings.v1 import selection_pb2
from tidings.v1.event_system_pb2 import EventSystem


def check_stream(caller: Caller, asked_for: selection_pb2.Selection) -> None:
    """Refuse a stream whose selectors select anything that the caller may not read.

    Without selectors a stream holds what the caller may read; callers without rights are refused.

    Raises:
        Denied, Unauthenticated: as `Caller.refuse`.
    """
    rights = caller.rights
    if rights.management:
        return
    kinds = rights_by_system()
    asked = [system for system in kinds if asked_for.HasField(system)]  # type: ignore[arg-type]  # their names
    if not asked and not any(each.may_read() for each in rights.systems):
        caller.refuse("read", "events")
    for system in asked:
        refused = rights.of(kinds[system]).refusal(getattr(asked_for, system))
        if refused is not None:
            caller.refuse(*refused)


def check_systems(caller: Caller, systems: Iterable[EventSystem.ValueType]) -> None:
    """Refuse a query about systems of which the caller may not read anything.

    Without systems it is about all that the caller may read. Unknown ones are refused
    elsewhere.

    Raises:
        Denied, Unauthenticated: as `Caller.refuse`.
    """
    check_stream(caller, selection_pb2.Selection())
    for system in map(system_name, systems):
        if system in rights_by_system() and not caller.rights.may_read(system):
            caller.refuse("read", system)
