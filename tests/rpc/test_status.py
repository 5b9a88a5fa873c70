"""The one table of failures and statuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2

from tests.contract import comments
from tidings.access.assertion import UnknownKey
from tidings.core import errors
from tidings.dialects.consul.size_rules import EventTooLarge
from tidings.rpc import status
from tidings.v1.errors_pb2 import ERROR_REASON_INTERNAL, ErrorReason

EXAMPLES: dict[type[errors.TidingsError], errors.TidingsError] = {
    type(error): error
    for error in (
        errors.BadRequest("a.b", "is wrong"),
        errors.PayloadTooLarge("a.b", 9, 8),
        EventTooLarge(600, "too large"),
        errors.NotFound("job", "352"),
        errors.RecordTrimmed(7),
        errors.RecordDamaged(7, "damaged on the disk"),
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
        errors.Outdated("policy"),
        errors.RequestIdReused(),
        errors.StoreCorrupt("a record is torn"),
        status.NoAccessControl(),
    )
}


COME_AGAIN = (
    errors.Busy,
    errors.CursorExpired,
    errors.LogClosed,
    errors.SeqConflict,
    errors.StoreUnavailable,
)


def kinds(base: type[errors.TidingsError] = errors.TidingsError) -> Iterator[type]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_every_kind_of_failure_has_a_status() -> None:
    ours = {kind for kind in kinds() if kind.__module__.startswith("tidings.")}
    assert ours == {*EXAMPLES, errors.StoreLocked, errors.StoreUnfit}  # those keep it from starting
    for error in EXAMPLES.values():
        assert status.row_of(error).code is not grpc.StatusCode.OK


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
    reason = ErrorReason.Name(status.row_of(error).reason)
    assert (info.domain, f"ERROR_REASON_{info.reason}") == ("tidings", reason)
    has_more = isinstance(error, (errors.BadRequest, *COME_AGAIN))
    assert len(made.details) == 1 + has_more


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


@pytest.mark.parametrize("kind", COME_AGAIN)
def test_who_may_come_again_is_told_when(kind: type[errors.TidingsError]) -> None:
    retry = error_details_pb2.RetryInfo()
    assert status.status_of(EXAMPLES[kind]).details[1].Unpack(retry)
    assert retry.retry_delay.ToMilliseconds() == 1000


def test_a_retry_does_not_help_a_full_disk() -> None:
    assert len(status.status_of(errors.StoreUnavailable("writing", errors.DISK_FULL)).details) == 1


def test_every_reason_is_sent_and_every_reason_that_is_sent_is_in_the_contract(root: Path) -> None:
    sent = [row.reason for row in status.TABLE.values()]
    assert sorted([*sent, ERROR_REASON_INTERNAL]) == sorted(ErrorReason.values())[1:]
    assert 0 not in sent
    makers = [
        path.relative_to(root)
        for path in (root / "service").rglob("*.py")
        if "ErrorInfo(" in path.read_text()
    ]
    assert makers == [Path("service/tidings/rpc/status.py")]


def test_the_page_of_errors_is_the_contract(root: Path) -> None:
    rows = re.findall(
        r"^\| `([A-Z_]+)` \|(.*)\|$", (root / "docs/errors.md").read_text(), re.MULTILINE
    )
    again = {status.row_of(EXAMPLES[kind]).reason for kind in COME_AGAIN}
    codes = {row.reason: row.code for row in status.TABLE.values()}
    codes[ERROR_REASON_INTERNAL] = grpc.StatusCode.INTERNAL
    wanted = {}
    for name, value in ErrorReason.items():
        if value:
            about = comments(root)[f"tidings.v1.ErrorReason.{name}"]
            later = "RetryInfo" if value in again else ""
            cells = f" {codes[value].name} | {later} | {about}"
            wanted[name.removeprefix("ERROR_REASON_")] = f"{cells} ".replace("|  |", "| |")
    assert dict(rows) == wanted
