"""What a request for a job's events says, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from tidings.gateway.json_text import dumps
from tidings.v1.json_runtime import is_integer

PREFIX = b"/orchestrator/v1/jobs/"
SUFFIX = b"/events"

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
    if not (raw_path.startswith(PREFIX) and raw_path.endswith(SUFFIX)):
        return None
    segment = raw_path[len(PREFIX) : -len(SUFFIX)]
    if not segment or b"/" in segment:
        return None
    return unquote(segment.decode("latin-1"))


def parse_job_query(job: str, query: bytes) -> JobQuery:
    """Return what is asked for. Other parameters than `start` are ignored.

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
