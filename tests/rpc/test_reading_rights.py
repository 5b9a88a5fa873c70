"""Bounded reads give what a stream gives, to whoever asks: a table of policies and selections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import grpc
import pytest

from tests.patience import PATIENCE_S
from tests.rpc import events
from tests.rpc.credentials import ROOT_SECRET, bearer, guarded, put_policy, token_of
from tests.rpc.serving import Served, draft, serving
from tidings.core.record import SYSTEMS
from tidings.v1 import (
    asking_pb2,
    cloud_event_pb2,
    consul_pb2,
    docker_cloud_pb2,
    event_pb2,
    event_system_pb2,
    feldera_pb2,
    nomad_pb2,
    puppet_pb2,
    selection_pb2,
)
from tidings.v1 import event_service_pb2 as pb

Answer = tuple[str, list[event_pb2.EventRecord]]
Metadata = tuple[tuple[str, str], ...]

POLICIES = {
    "nothing": "",
    "jobs": 'nomad.namespaces."*" = ["read-job"]',
    "prod": 'nomad.namespaces."prod" = ["read-job"]\nnomad.node = "read"',
    "denied": 'nomad.namespaces."*" = ["read-job"]\nnomad.namespaces."prod" = ["deny"]',
    "consul": 'consul.event_prefix.web = "read"\nconsul.event.web-b = "deny"',
    "docker": 'docker_cloud.namespaces = ["me"]',
    "puppet": 'puppet.jobs = "read"',
    "feldera": 'feldera.role = "read"',
    "sources": 'cloud_event.sources = ["/s"]',
    "others": 'cloud_event.sources = ["/other/*"]',
    "mixed": 'puppet.jobs = "read"\nconsul.event.db = "read"\nnomad.node = "read"',
}

EVENTS: tuple[tuple[event_pb2.Event, ...], ...] = (
    (events.nomad("Job", namespace="default"), events.nomad("Job", namespace="prod")),
    (events.nomad("Node"), events.nomad("Job", namespace="prod"), events.nomad("ACLToken")),
    (events.nomad("NodePool"),),
    *((events.consul(name),) for name in ("web-a", "web-b", "db")),
    *((events.docker(namespace=name),) for name in ("me", "you")),
    (events.puppet(),),
    (events.feldera(),),
    (events.cloud_event("1"),),
)

_TOPIC = nomad_pb2.NomadTopicFilter(topic="Job")
SELECTIONS = (
    selection_pb2.Selection(),
    selection_pb2.Selection(nomad=nomad_pb2.NomadSelector()),
    selection_pb2.Selection(nomad=nomad_pb2.NomadSelector(topics=[_TOPIC], namespace="prod")),
    selection_pb2.Selection(consul=consul_pb2.ConsulSelector()),
    selection_pb2.Selection(consul=consul_pb2.ConsulSelector(names=["web-b"])),
    selection_pb2.Selection(docker_cloud=docker_cloud_pb2.DockerCloudSelector(namespace="you")),
    selection_pb2.Selection(cloud_event=cloud_event_pb2.CloudEventSelector()),
    selection_pb2.Selection(
        puppet=puppet_pb2.PuppetSelector(), feldera=feldera_pb2.FelderaSelector()
    ),
)

ASKED: tuple[dict[str, Any], ...] = (
    *({"selection": each} for each in SELECTIONS),
    {"types": ["JobRegistered", "web-a", "create"]},
    {"identifiers": ["name/web-a", "name/web-b", "job/352", "7"]},
    {"identifiers": ["web-b"], "selection": SELECTIONS[3]},
    {"sources": [""]},
    {"text": "web"},
    {"text": "api me"},
    {"filter": "event.nomad.namespace == 'prod' || event.consul.name.startsWith('web')"},
    {"filter": "1 / (event.consul.name.size() - 5) == 0", "selection": SELECTIONS[3]},
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, list[int]]]:
    place = tmp_path_factory.mktemp("rights") / "socket"
    with serving(f"unix:{place}", guarded()) as served:
        given = []
        for record in EVENTS:
            request = pb.PublishRequest(draft=draft(*record))
            root = bearer(ROOT_SECRET)
            given.append(served.stub.Publish(request, timeout=PATIENCE_S, metadata=root).seq)
        yield served, given


def credential(served: Served, policy: str) -> Metadata:
    if policy == "anonymous":
        return ()
    if policy == "management":
        return bearer(ROOT_SECRET)
    put_policy(served.channel, policy, POLICIES[policy])
    return bearer(token_of(served.channel, policies=[policy])[1])


def answered(call: Callable[[], list[event_pb2.EventRecord]]) -> Answer:
    try:
        return "OK", call()
    except grpc.RpcError as error:
        failed: Any = error
        return f"{failed.code().name}: {failed.details()}", []


def streamed(served: Served, who: Metadata, **fields: Any) -> list[event_pb2.EventRecord]:
    request = pb.SubscribeRequest(after_seq=0, **fields)
    call = served.stub.Subscribe(request, timeout=PATIENCE_S, metadata=who)
    found: list[event_pb2.EventRecord] = []
    for message in call:
        if message.HasField("heartbeat"):
            call.cancel()
            return found
        found += message.batch.records
    raise AssertionError("the stream ended before the head")


def paged(served: Served, who: Metadata, **fields: Any) -> list[event_pb2.EventRecord]:
    found: list[event_pb2.EventRecord] = []
    request = pb.ReadRecordsRequest(page_size=2, **fields)
    while True:
        answer = served.stub.ReadRecords(request, timeout=PATIENCE_S, metadata=who)
        found += answer.records
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token


@pytest.mark.parametrize("policy", ["anonymous", "management", *POLICIES])
def test_nobody_reads_what_he_could_not_stream(
    filled: tuple[Served, list[int]], policy: str
) -> None:
    served, given = filled
    who = credential(served, policy)
    for asked, order in product(ASKED, (0, pb.READ_ORDER_NEWEST_FIRST)):
        expected = answered(lambda: streamed(served, who, **asked))  # noqa: B023 - called at once
        fields = {**asked, "order": order}
        status, records = answered(lambda: paged(served, who, **fields))  # noqa: B023
        in_order = records[::-1] if order else records
        assert (status, in_order) == expected, asked
    unfiltered = answered(lambda: streamed(served, who))
    assert answered(lambda: streamed(served, who, filter="true")) == unfiltered
    _, seen = unfiltered
    visible = {record.seq: record for record in seen}
    may_read = policy not in {"anonymous", "nothing"}
    for seq in (*given, given[-1] + 1000):
        request = pb.GetRecordRequest(seq=seq)
        call = served.stub.GetRecord
        found = answered(lambda: [call(request, timeout=PATIENCE_S, metadata=who).record])  # noqa: B023
        if seq in visible:
            assert found == ("OK", [visible[seq]])
        elif may_read:
            assert found == (f"NOT_FOUND: no record {seq}", [])
        else:
            assert found == answered(lambda: streamed(served, who))


@pytest.mark.parametrize("policy", ["anonymous", "management", *POLICIES])
def test_nobody_hears_of_an_event_that_he_could_not_stream(
    filled: tuple[Served, list[int]], policy: str
) -> None:
    served, _ = filled
    who = credential(served, policy)
    keys = [asking_pb2.COUNT_KEY_SYSTEM, asking_pb2.COUNT_KEY_SOURCE]
    for asked in ASKED:
        status, records = answered(lambda: streamed(served, who, **asked))  # noqa: B023
        streamable = Counter(
            str(event.WhichOneof("body")) for record in records for event in record.events
        )
        try:
            request = asking_pb2.CountRecordsRequest(group_by=keys, totals_by=keys[:1], **asked)
            answer = served.stub.CountRecords(request, timeout=PATIENCE_S, metadata=who)
        except grpc.RpcError as error:
            failed: Any = error
            assert f"{failed.code().name}: {failed.details()}" == status
            continue
        name = event_system_pb2.EventSystem.Name
        for counts in (answer.counts, answer.totals):
            counted = {name(each.system)[13:].lower(): each.events for each in counts}
            assert (status, counted) == ("OK", streamable), asked


def test_the_table_leaves_no_system_out() -> None:
    bodies = {event.WhichOneof("body") for record in EVENTS for event in record}
    assert bodies == {*SYSTEMS} - {"tidings"}


def test_what_was_trimmed_of_others_is_told_to_nobody_else(address: str) -> None:
    with serving(address, guarded()) as served:
        root = bearer(ROOT_SECRET)
        for event in (events.consul("web"), events.puppet(), events.consul("web")):
            request = pb.PublishRequest(draft=draft(event))
            last = served.stub.Publish(request, timeout=PATIENCE_S, metadata=root).seq
        served.run(served.store.trim("consul", last))
        who = credential(served, "puppet")
        answer = served.stub.ReadRecords(pb.ReadRecordsRequest(), timeout=PATIENCE_S, metadata=who)
        assert (len(answer.records), len(answer.gaps)) == (1, 0)
        one = pb.GetRecordRequest(seq=last)
        failed = answered(
            lambda: [served.stub.GetRecord(one, timeout=PATIENCE_S, metadata=who).record]
        )
        assert failed == (f"NOT_FOUND: no record {last}", [])
