"""One failure out of the groups that task groups raise."""

from __future__ import annotations

import pytest

from tidings.core.failures import first_of, only_of

LOST, GONE, BUG = ConnectionError("lost"), BrokenPipeError("gone"), ValueError("bug")


def group(*errors: Exception) -> ExceptionGroup:
    return ExceptionGroup("group", errors)


def test_the_first_one_is_found_however_deep_it_is() -> None:
    assert first_of(group(group(group(LOST)), GONE)) is LOST


@pytest.mark.parametrize(
    ("raised", "found"),
    [
        (group(LOST), LOST),
        (group(group(GONE), LOST), GONE),
        (group(BUG), None),
        (group(LOST, BUG), None),
        (group(LOST, group(BUG)), None),
    ],
)
def test_failures_of_other_kinds_hide_none(raised: ExceptionGroup, found: Exception | None) -> None:
    assert only_of(raised, ConnectionResetError, ConnectionError) is found
