"""The values of `--since` and `--until`: a time as people type it, or a position."""

from __future__ import annotations

import argparse
import datetime as dt

from tidings.app.times import parse_time
from tidings.core.setting_kinds import DURATION
from tidings.v1 import asking_pb2
from tidings.v1 import event_service_pb2 as pb

MAX_SEQ = 2**64 - 1
_TIMES = "2h, 'yesterday 14:00', a date and time"
_FORMS = f"{_TIMES}, a seq"


def bound_of(option: str, text: str, now: dt.datetime) -> int | dt.datetime:
    """Return the position or the time (UTC) that the text of an option means.

    Raises:
        ValueError: it is neither; names the option.
    """
    if text.isascii() and text.isdigit():
        return min(int(text[:20]), MAX_SEQ)
    try:
        return parse_time(text, now)
    except (ValueError, OverflowError):
        start = ", or 'start'" if option == "--since" else ""
        raise ValueError(f"{option}: expected {_FORMS}{start}") from None


def time_of(option: str, text: str, now: dt.datetime) -> dt.datetime:
    """Return the time that the text of an option means, in UTC.

    Raises:
        ValueError: it is not valid; names the option.
    """
    try:
        return parse_time(text, now)
    except (ValueError, OverflowError):
        raise ValueError(f"{option}: expected {_TIMES}") from None


def seconds_of(option: str, text: str) -> int:
    """Return the whole seconds that a duration has, at least one.

    Raises:
        ValueError: it is not valid; names the option.
    """
    try:
        seconds = float(str(DURATION.parse(text)))
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from None
    if seconds < 1 or seconds % 1:
        raise ValueError(f"{option}: expected whole seconds, at least 1s")
    return int(seconds)


def bound(
    request: pb.ReadRecordsRequest | asking_pb2.CountRecordsRequest,
    arguments: argparse.Namespace,
    now: dt.datetime,
) -> None:
    """Set `--since` and `--until` in a request.

    `--since` a position is exclusive and `--until` one inclusive, as in `git log A..B`; times are
    the other way round, as in the contract.

    Raises:
        ValueError: they contradict each other, or one is none of the forms that it may have.
    """
    since = until = None
    if arguments.since is not None and arguments.since != "start":
        since = bound_of("--since", arguments.since, now)
    if arguments.until is not None:
        until = bound_of("--until", arguments.until, now)
    if isinstance(since, int):
        request.after_seq = since
    elif since is not None:
        request.from_time.FromDatetime(since)
    if isinstance(until, int):
        request.before_seq = min(until + 1, MAX_SEQ)
        is_empty = isinstance(since, int) and until <= since
    else:
        if until is not None:
            request.until_time.FromDatetime(until)
        is_empty = until is not None and isinstance(since, dt.datetime) and until <= since
    if is_empty:
        raise ValueError("--until: expected what lies after --since")
