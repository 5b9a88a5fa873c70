"""Going on after a lost stream as SubscribeResponse says: nothing is lost, nothing comes twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rpc.events import consul, feldera, nomad
from tests.rpc.serving import Deployment, Served, publish, serving, subscribed
from tidings.log.limits import LogLimits
from tidings.v1 import event_pb2, event_service_pb2, event_system_pb2

MAKERS: dict[str, Callable[[], event_pb2.Event]] = {
    "nomad": nomad,
    "consul": consul,
    "feldera": feldera,
}
COUNT = 24


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, dict[int, str]]]:
    """A log of three systems in turn; parts of two are gone, inside of each other's ranges."""
    address = f"unix:{tmp_path_factory.mktemp('resume')}/s"
    with serving(address, Deployment(limits=LogLimits(tail_count=4))) as one:
        system_of: dict[int, str] = {}
        for number in range(COUNT):
            system = sorted(MAKERS)[number % 3]
            system_of[publish(one.stub, MAKERS[system]()).seq] = system
        stored = sorted(system_of)
        one.run(one.store.trim("nomad", stored[9]))
        one.run(one.store.trim("consul", stored[15]))
        yield one, system_of


def position_after(response: event_service_pb2.SubscribeResponse) -> int:
    match response.WhichOneof("part"):
        case "batch":
            return response.batch.records[-1].seq
        case "heartbeat":
            return response.heartbeat.seq
        case "gap":
            return response.gap.resume_seq
    raise AssertionError(response)


@given(st.integers(0, COUNT), st.lists(st.integers(1, 4), max_size=8))
@settings(max_examples=40)
def test_whoever_resumes_as_the_contract_says_gets_each_record_once(
    trimmed: tuple[Served, dict[int, str]], start: int, breaks: list[int]
) -> None:
    served, system_of = trimmed
    position = after_seq = [0, *sorted(system_of)][start]
    found: list[int] = []
    told: set[int] = set()
    for count in [*breaks, 100]:
        with subscribed(served.stub, after_seq=position) as stream:
            for response in islice(stream, count):
                position = position_after(response)
                found += [record.seq for record in response.batch.records]
                if response.HasField("gap"):
                    gap = response.gap
                    name = event_system_pb2.EventSystem.Name(gap.system)
                    system = name.removeprefix("EVENT_SYSTEM_").lower()
                    lost = range(gap.first_seq, gap.last_seq + 1)
                    told |= {seq for seq in lost if system_of.get(seq) == system}
                if response.HasField("heartbeat"):
                    break
    assert found == sorted(set(found)), "in order, none twice"
    wanted = {seq for seq in system_of if seq > after_seq}
    assert {*found, *told} >= wanted
    assert not told & set(found)
