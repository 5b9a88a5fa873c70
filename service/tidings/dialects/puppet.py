"""Puppet Orchestrator's job events: one subject a job, and nothing after the job has finished."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from google.protobuf.message import Message

from tidings.core import record as core
from tidings.core.errors import BadRequest, OrderRefused
from tidings.core.selection import Envelope, Everything, Matcher
from tidings.dialects.dialect import CheckContext, Dialect
from tidings.dialects.facet_paths import FacetPaths, ObjectPaths
from tidings.dialects.rights import WholeRights
from tidings.dialects.rules import NANOS_PER_SECOND, events_of
from tidings.v1 import event_pb2, json_runtime, puppet_json, puppet_pb2

_MAX_NUMBER = 2**63 - 1
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


class PuppetRights(WholeRights):
    """All jobs, or none."""

    __slots__ = ()
    system = "puppet"
    rule = "jobs"


class PuppetDialect(Dialect):
    """Puppet's rules."""

    system = "puppet"
    rights = PuppetRights
    color = 33
    max_events = 1
    ordered = True
    completes = True
    payload_fields = ("details", "details_json")
    ignored_fields = ("id",)
    time_field = "timestamp"
    time_step_ns = NANOS_PER_SECOND
    facet_paths = FacetPaths(
        type="type",
        text=("message", "run.value.detail.status", "run.value.detail.environment"),
        objects=(
            ObjectPaths("job", "job", id="job", status="state"),
            ObjectPaths(
                "run",
                "run",
                id="id",
                status="value.status",
                parents=(("job", "value.job"), ("node", "value.node")),
                value="value",
            ),
        ),
    )

    part_kinds = MappingProxyType({"job": "run"})

    def check_body(self, body: Message, path: str) -> None:
        """Refuse an event without type or job, and one with two details that differ."""
        assert isinstance(body, puppet_pb2.PuppetJobEvent)
        if not body.type:
            raise BadRequest(path + "type", "must not be empty")
        check_number(body.job, path + "job")
        if body.details_json and body.HasField("details"):
            derived = puppet_pb2.PuppetJobEvent(details_json=body.details_json)
            is_derived = _derive(derived) and bool(derived.details_json)
            if not is_derived or derived.details != body.details:
                raise BadRequest(path + "details_json", "either details or details_json, not both")
            body.ClearField("details")  # a reader is given both where the text holds more

    def claimed_seq(self, event: event_pb2.Event) -> int | None:
        """Return the id that we print, which is the position; alone or after its job."""
        job, _, number = event.id.rpartition("/")
        digits = event.puppet.id or (number if job == event.puppet.job else "")
        return int(digits) if is_number(digits) else None

    def subject(self, event: event_pb2.Event) -> str:
        """Return the job's subject, "puppet.352"."""
        return self.subject_of_parts("job", event.puppet.job)

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

    def members(self, event: event_pb2.Event) -> Mapping[str, Any]:
        """Return the event, the job as it is after it, and the run on a node that it tells of."""
        body = event.puppet
        details = _details(body)
        node, state = details.get("node"), details.get("state")
        what, _, outcome = body.type.partition("_")
        is_end = body.type == LAST_TYPE
        job_state = (state or outcome) if is_end else outcome if what == "job" else "running"
        told: dict[str, Any] = {
            "type": body.type,
            "message": body.message,
            "job": {"job": body.job, "state": job_state},
        }
        if what == "node" and node:
            run = {"job": body.job, "node": node, "status": outcome, "message": body.message}
            if detail := details.get("detail"):
                run["detail"] = detail
            told["run"] = {"id": f"{body.job}/{node}", "value": run}
        return told

    def subject_of_parts(self, kind: str, object_id: str) -> str:
        """Return the job's subject."""
        return f"puppet.{object_id}"

    def words(self, event: event_pb2.Event) -> Sequence[str]:
        """Return the event's job, type, node and message."""
        body = event.puppet
        return f"job {body.job}", body.type, body.details.node, body.message

    def envelope(self, events: Sequence[event_pb2.Event]) -> Envelope:
        """Return job and type of the event."""
        facts = [(event.puppet.job, event.puppet.type) for event in events]
        terms = {("job", job) for job, _ in facts} | {("type", kind) for _, kind in facts}
        return Envelope(frozenset(terms), facts)

    def matcher(self, selector: Message) -> Matcher:
        """Return a matcher of jobs and types."""
        assert isinstance(selector, puppet_pb2.PuppetSelector)
        if selector == puppet_pb2.PuppetSelector():
            return Everything()
        for place, job in enumerate(selector.jobs):
            check_number(job, f"puppet.jobs[{place}]")
        return PuppetMatcher(frozenset(selector.jobs), frozenset(selector.types))


def _derive(body: puppet_pb2.PuppetJobEvent) -> bool:
    try:
        typed, is_complete = puppet_json.puppet_event_details_from_text(body.details_json)
    except json_runtime.JsonError:
        return False
    body.details.CopyFrom(typed)
    if is_complete:
        body.ClearField("details_json")
    return True


def _details(body: puppet_pb2.PuppetJobEvent) -> dict[str, Any]:
    if not body.details_json:
        return puppet_json.puppet_event_details_to_json(body.details)
    try:
        value = json_runtime.loads(body.details_json)
    except json_runtime.JsonError:
        return {}
    return value if isinstance(value, dict) else {}


def is_number(text: str) -> bool:
    """Say whether a text spells the number of a job or the id of an event, as all are spelled."""
    digits = text.isascii() and text.isdigit() and text[0] != "0"
    return digits and len(text) <= len(str(_MAX_NUMBER)) and int(text) <= _MAX_NUMBER


def check_number(text: str, path: str) -> None:
    """Refuse what is neither the number of a job nor the id of an event.

    Raises:
        BadRequest: it is none.
    """
    if not is_number(text):
        problem = f"must be 1 to {_MAX_NUMBER} in decimal digits, without leading zeros"
        raise BadRequest(path, problem)


def make() -> PuppetDialect:
    """Return Puppet's dialect."""
    return PuppetDialect()
