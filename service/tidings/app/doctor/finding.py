"""What a check has found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How serious a finding is. Only a problem breaks what Tidings guarantees."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was examined, the result, and the command that repairs it, if anything is wrong.

    A cure is typed into a shell as it stands, but for words in capitals.
    """

    check: str
    text: str
    cure: str = ""
    level: Level = Level.OK


def problem(check: str, text: str, cure: str) -> Finding:
    """Return what keeps Tidings from starting, or breaks a guarantee."""
    return Finding(check, text, cure, Level.PROBLEM)


def warning(check: str, text: str, cure: str) -> Finding:
    """Return what will be a problem soon, or under load."""
    return Finding(check, text, cure, Level.WARNING)
