"""Objects and their histories, whatever state the index is in, against a plain list of events."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.index.disturbed import BesideIndex
from tests.kit.clock import START_US
from tests.patience import PATIENCE_S
from tests.rpc.objects.told import at, nomad
from tests.rpc.serving import Deployment, publish, serving
from tidings.index import segments
from tidings.rpc import scanning
from tidings.rpc.objects import listing
from tidings.v1 import objects_pb2 as pb
from tidings.v1.event_system_pb2 import EVENT_SYSTEM_NOMAD

STEPS = 50
STATUSES = ("ready", "down")


class Told(NamedTuple):
    """One version of a node, and where it is stored."""

    seq: int
    second: float
    id: str
    name: str
    status: str
    source: str
    is_gone: bool


@dataclass
class Model(BesideIndex):
    """The log as a plain list, and the index that is beside it or not."""

    told: list[Told] = field(default_factory=list)
    now_s: float = 0.0

    def publish(self) -> None:
        """Publish a record of one to three nodes, some of which have a new name."""
        rng = self.rng
        self.now_s += rng.choice((0, 1, 60))
        self.served.deployment.clock.at_us = START_US + round(self.now_s * 1e6)
        made = []
        for _ in range(rng.choice((1, 1, 3))):
            node_id = f"id{rng.randrange(6)}"
            name = f"n{rng.randrange(6)}"
            status, source = rng.choice(STATUSES), rng.choice(("", "prod"))
            is_gone = rng.random() < 0.2
            kind = "NodeDeregistration" if is_gone else "NodeEvent"
            value = {"ID": node_id, "Name": name, "Status": status}
            made.append(
                (nomad(kind, "Node", value, source), (node_id, name, status, source, is_gone))
            )
        seq = publish(self.served.stub, *(event for event, _ in made)).seq
        self.told += [Told(seq, self.now_s, *each) for _, each in made]

    def trim(self) -> None:
        """Let retention take the oldest third."""
        seqs = [each.seq for each in self.told]
        if len(seqs) > 3:
            through_seq = seqs[len(seqs) // 3]
            self.served.run(self.served.store.trim("nomad", through_seq))
            self.told = [each for each in self.told if each.seq > through_seq]

    def forget(self) -> None:
        """Drop what retention has deleted."""
        if self.told:
            self.drop_before(self.told[0].seq)

    def disturb(self) -> None:
        """Do something to the index between two pages."""
        if self.rng.random() < 0.2:
            self.rng.choice((self.build, self.delete, self.kill))()


def listed(model: Model, **fields: Any) -> list[tuple[int, str, str, str]]:
    request = pb.ListObjectsRequest(page_size=model.rng.choice((0, 1, 2)), **fields)
    found = []
    while True:
        answer = model.served.stub.ListObjects(request, timeout=PATIENCE_S)
        found += [(each.seq, each.id, each.name, each.source) for each in answer.objects]
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token
        model.disturb()


def history(model: Model, **fields: Any) -> list[tuple[int, str, bool, bool]]:
    request = pb.GetObjectHistoryRequest(
        system=EVENT_SYSTEM_NOMAD, kind="node", page_size=model.rng.choice((0, 1, 3)), **fields
    )
    found = []
    while True:
        answer = model.served.stub.GetObjectHistory(request, timeout=PATIENCE_S)
        found += [
            (each.object.seq, each.object.status, bool(each.changes), each.first_known)
            for each in answer.versions
        ]
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token
        model.disturb()


def ask_for_state(model: Model) -> None:
    rng = model.rng
    fields: dict[str, Any] = {}
    second = model.now_s
    if rng.random() < 0.5:
        second = rng.choice([each.second for each in model.told] or [0]) - rng.choice((0, 0.5))
        fields["at"] = at(second)
    if rng.random() < 0.4:
        fields["statuses"] = [rng.choice(STATUSES)]
    if rng.random() < 0.3:
        fields["sources"] = [rng.choice(("", "prod", "none"))]
    if rng.random() < 0.3:
        fields["ids"] = [rng.choice(("id1", "n1", "none"))]
    newest = {(each.id, each.source): each for each in model.told if each.second <= second}
    expected = [
        (each.seq, each.id, each.name, each.source)
        for each in newest.values()
        if not each.is_gone
        and each.status in fields.get("statuses", STATUSES)
        and each.source in fields.get("sources", ("", "prod"))
        and ("ids" not in fields or fields["ids"][0] in {each.id, each.name})
    ]
    found = listed(model, **fields)
    assert sorted(found) == sorted(expected), fields
    assert [each[0] for each in found] == sorted((each[0] for each in found), reverse=True)


def ask_for_history(model: Model) -> None:
    rng = model.rng
    fields: dict[str, Any] = {"id": rng.choice(("id1", "id2", "n1", "n2", "none"))}
    if rng.random() < 0.3:
        fields["source"] = rng.choice(("", "prod"))
    asked = [
        each
        for each in model.told
        if fields["id"] in {each.id, each.name} and each.source == fields.get("source", each.source)
    ]
    expected: list[tuple[int, str, bool, bool]] = []
    if asked:
        last = asked[-1]
        place = len(model.told) - 1 - model.told[::-1].index(last)
        before: Told | None = None
        for each in model.told[: place + 1]:
            if (each.id, each.source) == (last.id, last.source):
                differs = before is not None and before[2:5] != each[2:5]
                expected.append((each.seq, each.status, differs, before is None))
                before = each
    assert history(model, **fields) == expected[::-1], fields


@pytest.mark.parametrize("seed", range(4))
def test_objects_are_those_of_a_plain_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(segments, "SPAN", 32)
    at_once = scanning.AT_ONCE_APART._replace(records=8)
    monkeypatch.setattr(scanning, "AT_ONCE", at_once)
    monkeypatch.setattr(scanning, "AT_ONCE_APART", at_once)
    monkeypatch.setattr(scanning, "MAX_SCANNED", 24)
    monkeypatch.setattr(listing, "_WALKS", seed % 2 * 4)
    deployment = Deployment(index_directory=tmp_path)
    with serving(f"unix:{tmp_path / 'socket'}", deployment) as served:
        model = Model(served, tmp_path, random.Random(seed))
        for _ in range(20):
            model.publish()
        steps = [model.publish] * 4 + [model.build] * 4
        steps += [model.trim, model.forget, model.kill, model.delete]
        for _ in range(STEPS):
            model.rng.choice(steps)()
            ask_for_state(model)
            ask_for_history(model)
        model.kill()
