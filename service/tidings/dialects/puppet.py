"""Puppet Orchestrator's job events: one subject a job, and nothing after the job has finished."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message

from tidings.core import record as core
from tidings.core.errors import BadRequest, OrderRefused
from tidings.core.selection import Envelope, Everything, Matcher
from tidings.dialects.dialect import CheckContext, Dialect
from tidings.dialects.rules import NANOS_PER_SECOND, events_of
from tidings.v1 import event_pb2, json_runtime, puppet_json, puppet_pb2

MAX_JOB = 2**63 - 1
LAST_TYPE = "job_finished"
"""The type after which a job has no events. Source: Puppet Enterprise 2019.8 documentation."""


@dataclass(frozen=True, slots=True)
class PuppetMatcher:
    """Wants events of these jobs and of these types; an empty set passes everything."""

    jobs: frozenset[str]
    types: frozenset[str]

    @property
    def terms(self) -> frozenset[Hashable] | None:
        """The jobs, else the types."""
        if self.jobs:
            return frozenset(("job", job) for job in self.jobs)
        return frozenset(("type", kind) for kind in self.types) or None

    def selects(self, facts: tuple[str, str]) -> bool:
        """Say whether the event's job and type are wanted."""
        job, kind = facts
        return (not self.jobs or job in self.jobs) and (not self.types or kind in self.types)


class PuppetDialect(Dialect):
    """Puppet's rules."""

    system = "puppet"
    body_field = "puppet"
    max_events = 1
    ordered = True
    completes = True
    payload_fields = ("details", "details_json")
    ignored_fields = ("id",)
    time_field = "timestamp"
    time_step_ns = NANOS_PER_SECOND

    def check_body(self, body: Message, path: str) -> None:
        """Refuse an event without type or job, and one with two details that differ."""
        assert isinstance(body, puppet_pb2.PuppetJobEvent)
        if not body.type:
            raise BadRequest(path + "type", "must not be empty")
        check_job(body.job, path + "job")
        if body.details_json and body.HasField("details"):
            derived = puppet_pb2.PuppetJobEvent(details_json=body.details_json)
            is_derived = _derive(derived) and bool(derived.details_json)
            if not is_derived or derived.details != body.details:
                raise BadRequest(path + "details_json", "either details or details_json, not both")
            body.ClearField("details")  # a reader is given both where the text holds more

    def claimed_seq(self, event: event_pb2.Event) -> int | None:
        """Return the id that we print, which is the position; alone or behind its job."""
        job, _, number = event.id.rpartition("/")
        digits = event.puppet.id or (number if job == event.puppet.job else "")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(MAX_JOB))):
            return None
        return int(digits)

    def subject(self, event: event_pb2.Event) -> str:
        """Return the job's subject, "puppet.352"."""
        return f"puppet.{event.puppet.job}"

    def follow(
        self, draft: core.Draft, last: Sequence[core.Record], context: CheckContext
    ) -> core.Draft:
        """Refuse an event of a job whose newest event is job_finished."""
        newest = events_of(last[-1]) if last else ()
        if newest and newest[0].puppet.type == LAST_TYPE:
            job = newest[0].puppet.job
            raise OrderRefused(draft.subject, f"job {job} has finished at seq {last[-1].seq}")
        return super().follow(draft, last, context)

    def complete(self, seq: int, events: Sequence[event_pb2.Event]) -> None:
        """Set the id, which is `seq` in decimal digits."""
        for event in events:
            event.puppet.id = str(seq)

    def present(self, events: Sequence[event_pb2.Event], *, as_json: bool) -> bool:
        """Turn details into JSON text or back, and keep text that the types cannot hold."""
        changed = False
        for event in events:
            body = event.puppet
            if as_json and body.HasField("details"):
                value = puppet_json.puppet_event_details_to_json(body.details)
                body.details_json = json_runtime.dumps(value)
                body.ClearField("details")
                changed = True
            elif not as_json and body.details_json:
                changed |= _derive(body)
        return changed

    def envelope(self, events: Sequence[event_pb2.Event]) -> Envelope:
        """Return job and type of the event."""
        facts = [(event.puppet.job, event.puppet.type) for event in events]
        terms = {("job", job) for job, _ in facts} | {("type", kind) for _, kind in facts}
        return Envelope(frozenset(terms), facts)

    def matcher(self, selector: Message) -> Matcher:
        """Return a matcher of jobs and types; jobs are spelled as GetJobEvents takes them."""
        assert isinstance(selector, puppet_pb2.PuppetSelector)
        if selector == puppet_pb2.PuppetSelector():
            return Everything()
        jobs = frozenset(
            _selected(job, f"puppet.jobs[{place}]") for place, job in enumerate(selector.jobs)
        )
        return PuppetMatcher(jobs, frozenset(selector.types))


def _derive(body: puppet_pb2.PuppetJobEvent) -> bool:
    try:
        typed, is_complete = puppet_json.puppet_event_details_from_text(body.details_json)
    except json_runtime.JsonError:
        return False
    body.details.CopyFrom(typed)
    if is_complete:
        body.ClearField("details_json")
    return True


def _selected(text: str, path: str) -> str:
    job = job_number(text, path)
    if job is None:
        raise BadRequest(path, f"not between 1 and {MAX_JOB}")
    return job


def job_number(text: str, path: str) -> str | None:
    """Return the job that a caller's text means, without sign and leading zeros.

    None for an integer that is no job's: they go from 1 to 2^63-1.

    Raises:
        BadRequest: it is no integer.
    """
    if not json_runtime.is_integer(text):
        raise BadRequest(path, "not a decimal integer")
    try:
        return str(json_runtime.parse_integer(text, 1, MAX_JOB))
    except json_runtime.JsonError:
        return None


def check_job(job: str, path: str) -> None:
    """Refuse what is not a job's number: 1 to 2^63-1 in decimal digits, without leading zeros.

    Raises:
        BadRequest: it is none.
    """
    good = (
        job.isascii() and job.isdigit() and job[0] != "0" and len(job) <= 19 and int(job) <= MAX_JOB
    )
    if not good:
        raise BadRequest(
            path, "must be 1 to 9223372036854775807 in decimal digits, without leading zeros"
        )


def make() -> PuppetDialect:
    """Return Puppet's dialect."""
    return PuppetDialect()
