"""Random events and random questions, whatever state the index is in, against a plain list."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tests.index.disturbed import BesideIndex
from tests.index.entries import HOUR_US
from tests.patience import PATIENCE_S
from tests.rpc.serving import Deployment, publish, serving
from tidings.core.words import words_of
from tidings.index import segments
from tidings.rpc import scanning
from tidings.v1 import consul_pb2, event_pb2, event_system_pb2, nomad_pb2, puppet_pb2, selection_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.asking_pb2 import (
    COUNT_KEY_SOURCE,
    COUNT_KEY_SYSTEM,
    COUNT_KEY_TYPE,
    CountRecordsRequest,
)

STEPS = 60
WORDS = ("oom", "killed", "healthy", "deploy")
SYSTEMS = ("nomad", "consul", "puppet")
KEYS = [COUNT_KEY_SYSTEM, COUNT_KEY_TYPE, COUNT_KEY_SOURCE]


@dataclass
class Told:
    """What is known of one event without the service's help."""

    system: str
    type: str
    source: str
    identifiers: set[str]
    text: str


FILTERS: dict[str, Callable[[Told], bool]] = {
    "event.source != ''": lambda told: told.source != "",
    "has(event.nomad) && event.nomad.payload.node.id == 'web'": lambda told: (
        "node/web" in told.identifiers
    ),
    "event.puppet.message.contains('oom')": lambda told: (
        told.system == "puppet" and "oom" in told.text
    ),
}


@dataclass
class Model(BesideIndex):
    """The log as a plain list, and the index that is beside it or not."""

    records: list[tuple[int, int, list[Told]]] = field(default_factory=list)

    def publish(self) -> None:
        """Publish a record of one to three events."""
        self.served.deployment.clock.at_us += self.rng.choice((0, 1, HOUR_US // 7, HOUR_US * 3))
        system = self.rng.choice(SYSTEMS)
        made = [self._event(system) for _ in range(self.rng.choice((1, 1, 3)))]
        if system != "nomad":
            made = made[:1]
        seq = publish(self.served.stub, *(event for event, _ in made)).seq
        (record,) = self.served.run(self.served.store.read(seq - 1, 1))
        self.records.append((seq, record.recorded_at_us, [told for _, told in made]))

    def _event(self, system: str) -> tuple[event_pb2.Event, Told]:
        rng = self.rng
        source = rng.choice(("", "prod"))
        text = " ".join(rng.choices(WORDS, k=rng.randrange(1, 4)))
        name = rng.choice(("web", "db"))
        if system == "consul":
            event = consul_pb2.ConsulEvent(name=name, payload=text.encode())
            told = Told(system, name, source, {f"name/{name}"}, f"{name} {text}")
            return event_pb2.Event(consul=event, source=source), told
        if system == "puppet":
            job = rng.choice(("352", "353"))
            body = puppet_pb2.PuppetJobEvent(type="node_running", job=job, message=text)
            told = Told(system, "node_running", source, {f"job/{job}"}, text)
            return event_pb2.Event(puppet=body, source=source), told
        node = f'{{"Node":{{"ID":"{name}","StatusDescription":"{text}"}}}}'.encode()
        kind = rng.choice(("NodeRegistration", "NodeDrain"))
        nomad = nomad_pb2.NomadEvent(topic="Node", type=kind, payload_json=node)
        return event_pb2.Event(nomad=nomad, source=source), Told(
            system, kind, source, {f"node/{name}"}, text
        )

    def trim(self) -> None:
        """Let retention take the oldest half of one system."""
        system = self.rng.choice(SYSTEMS)
        seqs = [seq for seq, _, told in self.records if told[0].system == system]
        if len(seqs) > 1:
            through_seq = seqs[len(seqs) // 2]
            self.served.run(self.served.store.trim(system, through_seq))
            self.records = [
                each
                for each in self.records
                if each[2][0].system != system or each[0] > through_seq
            ]

    def forget(self) -> None:
        """Drop what retention has deleted."""
        if self.records:
            self.drop_before(self.records[0][0])

    def wanted(self, question: dict[str, Any]) -> list[tuple[int, int, list[Told]]]:
        """Return the records and events that a question is about."""
        found = []
        systems = question.get("systems")
        for seq, at_us, events in self.records:
            if not question.get("after_seq", 0) < seq < question.get("before_seq", 2**63):
                continue
            if not question.get("from_us", 0) <= at_us < question.get("until_us", 2**63):
                continue
            picked = [
                told
                for told in events
                if (systems is None or told.system in systems) and meets(told, question)
            ]
            if picked:
                found.append((seq, at_us, picked))
        return found

    def question(self) -> dict[str, Any]:
        """Return any question."""
        rng = self.rng
        asked: dict[str, Any] = {}
        if rng.random() < 0.3:
            asked["systems"] = rng.sample(SYSTEMS, rng.randrange(1, 3))
        if rng.random() < 0.4:
            asked["types"] = rng.sample(("web", "NodeDrain", "node_running", "none"), 2)
        if rng.random() < 0.4:
            names = ("web", "node/web", "name/db", "job/352", "node/none")
            asked["identifiers"] = rng.sample(names, rng.randrange(1, 3))
        if rng.random() < 0.3:
            asked["sources"] = [rng.choice(("", "prod", "none"))]
        if rng.random() < 0.4:
            asked["text"] = rng.choice(('"oom killed"', *WORDS, "oom deploy"))
        if rng.random() < 0.2:
            asked["filter"] = rng.choice(list(FILTERS))
        seqs = [seq for seq, _, _ in self.records] or [2]
        if rng.random() < 0.3:
            asked["after_seq"] = rng.choice(seqs)
        if rng.random() < 0.3:
            asked["before_seq"] = asked.get("after_seq", 0) + rng.randrange(1, 40)
        times = [at_us for _, at_us, _ in self.records] or [0]
        if rng.random() < 0.3:
            asked["from_us"] = rng.choice(times)
            asked["until_us"] = asked["from_us"] + rng.choice((1, HOUR_US, HOUR_US * 50))
        return asked


def meets(told: Told, question: dict[str, Any]) -> bool:
    """Say whether an event meets the conditions of a question."""
    if "types" in question and told.type not in question["types"]:
        return False
    if "sources" in question and told.source not in question["sources"]:
        return False
    if "filter" in question and not FILTERS[question["filter"]](told):
        return False
    by_kind: dict[str, list[bool]] = {}
    for spelled in question.get("identifiers", ()):
        kind, slash, _ = spelled.partition("/")
        hit = any(
            each == spelled if slash else each.endswith(f"/{spelled}") for each in told.identifiers
        )
        by_kind.setdefault(kind if slash else "", []).append(hit)
    if not all(map(any, by_kind.values())):
        return False
    text = " ".join(words_of(told.text))
    phrases = question.get("text", "").replace('"oom killed"', "oom_killed").split()
    return all(f" {phrase.replace('_', ' ')} " in f" {text} " for phrase in phrases)


def request_fields(question: dict[str, Any]) -> dict[str, Any]:
    """Return a question as the contract spells it."""
    fields = {
        name: value
        for name, value in question.items()
        if name in {"types", "identifiers", "sources", "text", "filter", "after_seq", "before_seq"}
    }
    if "systems" in question:
        selection = selection_pb2.Selection()
        for system in question["systems"]:
            getattr(selection, system).SetInParent()
        fields["selection"] = selection
    for name in ("from", "until"):
        if f"{name}_us" in question:
            stamp = Timestamp()
            stamp.FromMicroseconds(question[f"{name}_us"])
            fields[f"{name}_time"] = stamp
    return fields


def read(model: Model, question: dict[str, Any]) -> list[tuple[int, int]]:
    """Return the position and the number of events of each record that is found."""
    newest_first = model.rng.random() < 0.5
    request = pb.ReadRecordsRequest(
        page_size=model.rng.choice((0, 1, 5)),
        order=pb.READ_ORDER_NEWEST_FIRST if newest_first else pb.READ_ORDER_OLDEST_FIRST,
        **request_fields(question),
    )
    found: list[tuple[int, int]] = []
    while True:
        answer = model.served.stub.ReadRecords(request, timeout=PATIENCE_S)
        found += [(record.seq, len(record.events)) for record in answer.records]
        if not answer.next_page_token:
            return found[::-1] if newest_first else found
        request.page_token = answer.next_page_token
        if model.rng.random() < 0.1:
            model.rng.choice((model.build, model.delete, model.kill))()


def count(model: Model, question: dict[str, Any], bucket_us: int) -> Counter[tuple[Any, ...]]:
    """Return how many events of each span and group are counted."""
    keys = model.rng.choices(KEYS, k=model.rng.randrange(3))
    request = CountRecordsRequest(group_by=KEYS, totals_by=keys, **request_fields(question))
    if bucket_us:
        request.bucket.CopyFrom(Duration(seconds=bucket_us // 1_000_000))
    found: Counter[tuple[Any, ...]] = Counter()
    while True:
        answer = model.served.stub.CountRecords(request, timeout=PATIENCE_S)
        for each in answer.counts:
            system = event_system_pb2.EventSystem.Name(each.system)[13:].lower()
            start_us = each.start_time.ToMicroseconds() if bucket_us else None
            found[start_us, system, each.type, each.source] += each.events
        if keys:
            events = [sum(each.events for each in some) for some in (answer.totals, answer.counts)]
            assert events[0] == events[1]
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token


def ask(model: Model) -> None:
    """Ask a question, by reading and by counting."""
    question = model.question()
    wanted = model.wanted(question)
    assert read(model, question) == [(seq, len(told)) for seq, _, told in wanted], question
    bucket_us = model.rng.choice((0, HOUR_US, HOUR_US // 4, HOUR_US * 24))
    expected: Counter[tuple[Any, ...]] = Counter()
    for _, at_us, events in wanted:
        start_us = at_us - at_us % bucket_us if bucket_us else None
        for told in events:
            expected[start_us, told.system, told.type, told.source] += 1
    assert count(model, question, bucket_us) == expected, question


@pytest.mark.parametrize("seed", range(4))
def test_answers_are_those_of_a_plain_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(segments, "SPAN", 32)
    monkeypatch.setattr(scanning, "AT_ONCE", scanning.AT_ONCE._replace(records=16))
    monkeypatch.setattr(scanning, "MAX_SCANNED", 48)
    deployment = Deployment(index_directory=tmp_path)
    with serving(f"unix:{tmp_path / 'socket'}", deployment) as served:
        model = Model(served, tmp_path, random.Random(seed))
        for _ in range(20):
            model.publish()
        steps = [model.publish] * 4 + [model.build] * 4
        steps += [model.trim, model.forget, model.kill, model.delete]
        for _ in range(STEPS):
            model.rng.choice(steps)()
            ask(model)
        model.kill()
