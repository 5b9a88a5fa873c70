"""Times as people type them: `2h`, `yesterday 14:00`, `14:03 Europe/Berlin`, RFC 3339."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_AGO = re.compile(r"(?:[0-9]{1,12}[smhdw])+")
_DAYS = frozenset({"today", "yesterday", "tomorrow"})
_CLOCK = re.compile(r"(?<![\d:+-])(\d{1,2}):(\d{2})(?::(\d{2}))?(?!\d)")
_HALF_DAY = re.compile(r"\d ?[ap]m\b", re.IGNORECASE)
_WORDS = re.compile(r"[a-z]{3}", re.IGNORECASE)
"""What a text of words and numbers has at least; dateparser makes a month even of `a`."""


def parse_time(text: str, now: dt.datetime) -> dt.datetime:
    """Return the time that a text means, in UTC; `now` is aware.

    A duration (`90s`, `1h30m`, `3d`, `2w`) is that long ago. Without an offset or a zone at its end
    a time is the machine's own, as times that are printed; a day without a clock time is its
    midnight, and a clock time without a day the last such time.

    Raises:
        ValueError, OverflowError: it is not a time, or not in the calendar.
    """
    text = text.strip()
    if _AGO.fullmatch(text):
        parts = re.findall(r"([0-9]+)([smhdw])", text)
        return now - dt.timedelta(seconds=sum(int(n) * _UNITS_S[unit] for n, unit in parts))
    if not text.isascii():
        raise ValueError("expected ASCII")
    words, zone = _without_zone(text)
    try:
        found = dt.datetime.fromisoformat(words)
    except ValueError:
        found = _from_words(words, now.astimezone(zone).replace(tzinfo=None))
    if found.tzinfo is None and zone is not None:
        found = found.replace(tzinfo=zone)
    return found.astimezone(dt.UTC)


def _without_zone(text: str) -> tuple[str, zoneinfo.ZoneInfo | None]:
    """Remove the zone at the end, if it has a name of the tz database."""
    words, _, last = text.rpartition(" ")
    if words and _WORDS.match(last):
        try:
            return words, zoneinfo.ZoneInfo(last)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            pass  # no zone: `ago`
    return text, None


def _from_words(text: str, now: dt.datetime) -> dt.datetime:
    """Return the time near `now` that words mean, without a zone unless they say one."""
    for hour, minute, second in _CLOCK.findall(text):
        if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 59:
            raise ValueError("no such time of day")  # dateparser would leave it out
    if not any(each.search(text) for each in (_WORDS, _CLOCK, _HALF_DAY)):
        raise ValueError("neither words nor a time of day")
    if text.lower() in _DAYS:
        text += " 00:00"
    # It takes a tenth of a second to load, so it is loaded only when needed.
    import dateparser  # noqa: PLC0415

    found = dateparser.parse(
        text,
        languages=["en"],
        settings={
            "RELATIVE_BASE": now,
            "PREFER_DATES_FROM": "past",
            "PREFER_DAY_OF_MONTH": "first",
        },
    )
    if found is None:
        raise ValueError("not understood")
    return found
