"""Times as people type them."""

from __future__ import annotations

import datetime as dt

import pytest

from tidings.app.times import parse_time

NOW = dt.datetime(2026, 1, 10, 12, 0, tzinfo=dt.UTC)  # 17:30 in Kolkata, a Saturday


pytestmark = pytest.mark.usefixtures("in_kolkata")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", "2026-01-10T10:00:00"),
        ("90s", "2026-01-10T11:58:30"),
        ("1h30m", "2026-01-10T10:30:00"),
        ("3d", "2026-01-07T12:00:00"),
        ("2w", "2025-12-27T12:00:00"),
        ("2 hours ago", "2026-01-10T10:00:00"),
        ("an hour ago", "2026-01-10T11:00:00"),
        ("1 week ago", "2026-01-03T12:00:00"),
        ("now", "2026-01-10T12:00:00"),
        ("today", "2026-01-09T18:30:00"),
        ("yesterday", "2026-01-08T18:30:00"),
        ("Yesterday", "2026-01-08T18:30:00"),
        ("yesterday 14:00", "2026-01-09T08:30:00"),
        ("yesterday at 2pm", "2026-01-09T08:30:00"),
        ("14:00", "2026-01-10T08:30:00"),
        ("14:03:22", "2026-01-10T08:33:22"),
        ("18:00", "2026-01-09T12:30:00"),
        ("9am", "2026-01-10T03:30:00"),
        ("9 pm", "2026-01-09T15:30:00"),
        ("noon", "2026-01-10T06:30:00"),
        ("monday", "2026-01-04T18:30:00"),
        ("monday 09:00", "2026-01-05T03:30:00"),
        ("3 nov", "2025-11-02T18:30:00"),
        ("nov 3 10:00", "2025-11-03T04:30:00"),
        ("Fri Jan 9 14:00:00 2026", "2026-01-09T08:30:00"),
        ("2026-01-09", "2026-01-08T18:30:00"),
        ("2026-01-09 14:00", "2026-01-09T08:30:00"),
        (" 2026-01-09 14:00 ", "2026-01-09T08:30:00"),
        ("2026-01-09T14:00:00Z", "2026-01-09T14:00:00"),
        ("2026-01-09T14:00:00.123456789Z", "2026-01-09T14:00:00.123456"),
        ("2026-01-09T14:00:00+02:00", "2026-01-09T12:00:00"),
        ("10:00 +02:00", "2026-01-10T08:00:00"),
        ("14:03 UTC", "2026-01-09T14:03:00"),
        ("11:03 UTC", "2026-01-10T11:03:00"),
        ("14:00 Europe/Berlin", "2026-01-09T13:00:00"),
        ("12:00 Europe/Berlin", "2026-01-10T11:00:00"),
        ("yesterday 14:00 America/New_York", "2026-01-09T19:00:00"),
        ("yesterday Europe/Berlin", "2026-01-08T23:00:00"),
        ("2026-07-03 14:00 Europe/Paris", "2026-07-03T12:00:00"),
        ("2026-01-03T14:00 Europe/Paris", "2026-01-03T13:00:00"),
    ],
)
def test_a_time_is_what_people_mean_by_it(text: str, expected: str) -> None:
    assert parse_time(text, NOW) == dt.datetime.fromisoformat(expected).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "5",
        "117",
        "1764433822",
        "-5m",
        "web",
        "garbage",
        "start",
        "job web 14:00",
        "yesterday 25:00",
        "14:60",
        "2026-13-45",
        "03/04/2026",
        "yesterday 14:00 Mars/Base",
        "0001-01-01",
        "999999999999d",
        "99999999999d",
        "\u0661\u0660m",
        "\u0661\u0664:00",
    ],
)
def test_what_is_no_time_or_could_be_two_is_refused(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        parse_time(text, NOW)
