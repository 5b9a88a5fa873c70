"""Parses a request for a job's events."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from tidings.gateway.doors.puppet.paths import PATHS
from tidings.gateway.json_text import dumps
from tidings.v1.json_runtime import is_integer

EVENTS_PATH = PATHS.template("puppet_job_events")

UNKNOWN_JOB_KIND = "puppetlabs.orchestrator/unknown-job"

_MAX_DIGITS = 4000  # int() refuses more


class BadJobQuery(Exception):
    """A parameter is no integer: its name, its value, and how often it was given."""

    def __init__(self, name: str, value: str, count: int = 1) -> None:
        problem = "must be an integer" if count == 1 else "must be given once"
        super().__init__(f"{name} {problem}")
        self.name = name
        self.value = value


@dataclass(frozen=True, slots=True)
class JobQuery:
    """A job, and the lowest id that is wanted; both may lie beyond 64 bits."""

    job: int
    start: int | None


def job_of(raw_path: bytes) -> str | None:
    """Return the decoded job id of a path that asks for a job's events, None for any other."""
    found = EVENTS_PATH.match(raw_path)
    return unquote(found[0]) if found else None


def parse_job_query(job: str, query: bytes) -> JobQuery:
    """Return the parsed request. Parameters other than `start` are ignored.

    Raises:
        BadJobQuery: the job or `start` is no integer, or `start` is given twice.
    """
    starts = [value for name, value in parse_pairs(query) if name == "start"]
    number = _integer("job-id", job)
    if len(starts) > 1:
        raise BadJobQuery("start", ", ".join(starts), len(starts))
    return JobQuery(number, _integer("start", starts[0]) if starts else None)


def parse_pairs(query: bytes) -> list[tuple[str, str]]:
    """Return the parameters of a raw query, decoded, in their order; nothing in it is wrong."""
    return parse_qsl(query.decode("latin-1"), keep_blank_values=True)


def _integer(name: str, text: str) -> int:
    if not is_integer(text) or len(text) > _MAX_DIGITS:
        raise BadJobQuery(name, text)
    return int(text)


def error_body(kind: str, msg: str, details: dict[str, str] | None = None) -> bytes:
    """Return Puppet's error object; 401 bodies have no details."""
    value: dict[str, object] = {"kind": kind, "msg": msg}
    if details is not None:
        value["details"] = details
    return dumps(value)
