"""The one table of failures and statuses."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest
from google.rpc import error_details_pb2

from tidings.access.assertion import UnknownKey
from tidings.core import errors
from tidings.dialects.consul.size_rules import EventTooLarge
from tidings.rpc import status

EXAMPLES: dict[type[errors.TidingsError], errors.TidingsError] = {
    type(error): error
    for error in (
        errors.BadRequest("a.b", "is wrong"),
        errors.PayloadTooLarge("a.b", 9, 8),
        EventTooLarge(600, "too large"),
        errors.NotFound("job", "352"),
        errors.OrderRefused("puppet.352", "job 352 has finished"),
        errors.KeyReused("key", 7),
        errors.SeqConflict("nomad", 4, 5),
        errors.PositionAhead(9, 8),
        errors.WrongLog("wanted", "id"),
        errors.CursorExpired("nomad", 2, 9),
        errors.Unauthenticated("expired"),
        UnknownKey("keys.json"),
        errors.Denied("publish", "nomad"),
        errors.Busy("the queue"),
        errors.LogClosed(),
        errors.StoreUnavailable("append"),
        errors.StateConflict("name", 1, 2),
        errors.StoreCorrupt("a record is torn"),
        errors.StoreLocked("here"),
        errors.StoreUnfit("too old"),
        status.NotOffered("GetJobEvents"),
    )
}


def kinds(base: type[errors.TidingsError] = errors.TidingsError) -> Iterator[type]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_every_kind_of_failure_has_a_status() -> None:
    ours = {kind for kind in kinds() if kind.__module__.startswith("tidings.")}
    assert ours == set(EXAMPLES)
    for error in EXAMPLES.values():
        assert status.row_of(error).code is not grpc.StatusCode.OK


def test_reasons_tell_kinds_apart() -> None:
    reasons = [row.reason for row in status.TABLE.values()]
    assert len(reasons) == len(set(reasons))


def test_a_kind_that_the_table_lacks_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        status.row_of(errors.TidingsError())


@pytest.mark.parametrize("error", EXAMPLES.values(), ids=lambda error: type(error).__name__)
def test_a_status_says_what_the_error_says(error: errors.TidingsError) -> None:
    made = status.status_of(error)
    info = error_details_pb2.ErrorInfo()
    assert made.code == status.row_of(error).code.value[0]
    assert made.message == str(error)
    assert made.details[0].Unpack(info)
    assert (info.domain, info.reason) == ("tidings", status.row_of(error).reason)
    assert len(made.details) == 1 + isinstance(error, errors.BadRequest | errors.Busy)


def test_numbers_are_for_programs_too() -> None:
    info = error_details_pb2.ErrorInfo()
    status.status_of(errors.SeqConflict("nomad", 4, 5)).details[0].Unpack(info)
    assert dict(info.metadata) == {"expected_seq": "4", "last_seq": "5"}


@pytest.mark.parametrize(("cause", "told"), [("disk full", {"cause": "disk full"}), ("", {})])
def test_a_store_that_cannot_store_says_why(cause: str, told: dict[str, str]) -> None:
    info = error_details_pb2.ErrorInfo()
    status.status_of(errors.StoreUnavailable("writing", cause)).details[0].Unpack(info)
    assert dict(info.metadata) == told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x" * 1024, "x" * 1024),
        ("x" * 1025, "x" * 1021 + "…"),
        ("é" * 512, "é" * 512),
        ("é" * 513, "é" * 510 + "…"),
    ],
)
def test_long_texts_are_cut_between_characters(text: str, shown: str) -> None:
    assert status.shortened(text) == shown


def test_an_unforeseen_failure_says_only_where_to_look() -> None:
    made = status.internal("abc123")
    assert made.code == grpc.StatusCode.INTERNAL.value[0]
    assert made.message == "internal error, request abc123"


def test_who_met_a_full_queue_is_told_when_to_come_again() -> None:
    retry = error_details_pb2.RetryInfo()
    assert status.status_of(errors.Busy("the queue")).details[1].Unpack(retry)
    assert retry.retry_delay.ToMilliseconds() == 1000
