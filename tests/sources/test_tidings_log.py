"""The source of another Tidings: everything of its log, once, in its order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import grpc
import pytest

from tests.kit import jumping
from tests.kit.jumping import scenario
from tests.kit.loop import at_once, run_async
from tests.patience import PATIENCE_S
from tests.rpc.credentials import guarded, put_policy, token_of
from tests.rpc.events import consul, docker, feldera, nomad, puppet
from tests.rpc.serving import Served, publish, read_to_head, serving
from tests.rpc.sources.recorders import recording
from tests.sources.upstreams import Noted
from tidings.app.clock import SystemClock
from tidings.sources.failure import UpstreamFailed
from tidings.sources.recorder import Plan, Recorder
from tidings.sources.target import Target
from tidings.sources.tidings_log import SILENCE_S, TidingsSource
from tidings.v1 import (
    event_pb2,
    event_service_pb2_grpc,
    source_service_pb2,
    source_service_pb2_grpc,
    tidings_event_pb2,
)
from tidings.v1 import event_service_pb2 as pb


@pytest.fixture
def edge() -> Iterator[Served]:
    with serving("127.0.0.1:0") as one:
        yield one


def url_of(edge: Served) -> str:
    return f"http://127.0.0.1:{edge.server.ports[0]}"


def at_the(edge: Served) -> Served:
    """Return the edge with a channel to the port that it got."""
    address = f"127.0.0.1:{edge.server.ports[0]}"
    return Served(edge.server, edge.deployment, grpc.insecure_channel(address), address)


async def copy(
    edge: Served, centre: Served, is_over: Callable[[], bool], name: str = "edge"
) -> None:
    async with grpc.aio.insecure_channel(centre.address) as channel:
        source = TidingsSource(name, Target(url_of(edge)))
        recorder = Recorder(channel, source, Plan(name), SystemClock(), at_once)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(recorder.run())
            while not await asyncio.to_thread(is_over):
                pass
            recorder.stop()


def what_happened(served: Served) -> list[event_pb2.Event]:
    """Return the events of a log without what comes from their position in it."""
    found = []
    for record in read_to_head(served.stub, after_seq=0):
        for event in record.events:
            if event.HasField("tidings"):
                continue
            event.puppet.ClearField("id")
            event.consul.ClearField("id")
            event.consul.ClearField("l_time")
            event.ClearField("id")
            event.ClearField("copied_from")
            found.append(event)
    return found


def has_so_many(served: Served, count: int) -> bool:
    return len(what_happened(served)) == count


def test_the_centre_has_what_the_edge_has_after_any_number_of_runs(
    edge: Served, served: Served
) -> None:
    here = at_the(edge)
    for round_ in range(3):
        for event in (nomad(source="prod"), consul(), docker(), puppet(), feldera(seconds=round_)):
            publish(here.stub, event)
        expected = what_happened(here)
        for event in expected:
            event.source = event.source or "edge"
        is_over = partial(has_so_many, served, len(expected))
        run_async(copy(edge, served, is_over))
        assert what_happened(served) == expected


def test_gaps_are_told_on_and_the_stream_is_followed_from_its_position(edge: Served) -> None:
    here = at_the(edge)
    seqs = [publish(here.stub, nomad()).seq for _ in range(3)]
    edge.run(edge.store.inner.trim("nomad", seqs[0]))
    noted = Noted()
    source = TidingsSource("edge", Target(url_of(edge)))
    run_async(follow(source, "", noted, lambda: f"reach {here_log(edge)}/{seqs[2]}" in noted.said))
    log = here_log(edge)
    assert noted.said[:2] == ["connected", f"begin {log}/0"]
    (gap,) = [said for said in noted.said if said.startswith("lost")]
    assert gap.startswith(f"lost {log}/")
    assert f"..{log}/{seqs[0] + 1}: nomad: " in gap
    assert [said for said in noted.said if said.startswith("put")] == [
        f"put {log}/{seq}" for seq in seqs[1:]
    ]
    again = Noted()
    last = f"reach {log}/{seqs[2]}"
    run_async(follow(source, f"{log}/{seqs[1]}", again, lambda: last in again.said))
    assert [said for said in again.said if said.startswith("put")] == [f"put {log}/{seqs[2]}"]


def test_a_payload_is_copied_to_the_letter(edge: Served) -> None:
    text = b'{ "Job": {"ID": "web", "Priority": 50} }'
    publish(at_the(edge).stub, nomad(payload_json=text))
    noted = Noted()
    source = TidingsSource("edge", Target(url_of(edge)))
    run_async(follow(source, "", noted, lambda: bool(noted.drafts)))
    assert noted.drafts[0].events[0].nomad.payload_json == text


def test_states_of_its_own_sources_are_told_on(edge: Served, served: Served) -> None:
    with recording(at_the(edge)) as recorder:
        recorder.granted()
        recorder.report(connected=True)
        run_async(copy(edge, served, lambda: ("edge/prod", True) in states(served)))


def test_gaps_of_its_own_sources_are_told_on(edge: Served, served: Served) -> None:
    with recording(at_the(edge)) as recorder:
        recorder.granted()
        recorder.report(gap=tidings_event_pb2.SourceGap(after="7", before="9", reason="too late"))
        run_async(copy(edge, served, lambda: bool(lost(served))))
    (gap,) = lost(served)
    assert (gap.source, gap.after, gap.before, gap.reason) == (
        "edge", "7", "9", "prod, nomad: too late"
    )  # fmt: skip


def lost(served: Served) -> list[tidings_event_pb2.SourceGap]:
    return [
        event.tidings.source_gap
        for record in read_to_head(served.stub, after_seq=0)
        for event in record.events
        if event.tidings.HasField("source_gap")
    ]


def test_two_that_record_each_other_have_everything_once(edge: Served) -> None:
    with serving("127.0.0.1:0") as other:
        a, b = at_the(edge), at_the(other)
        for one, name in ((a, "a"), (b, "b")):
            publish(one.stub, nomad(source=name))

        for _ in range(2):  # the second run reads what the first one said when it left
            run_async(record_each_other(a, b))
        for one, name in ((a, "b"), (b, "a")):
            happened = what_happened(one)
            assert sorted(event.source for event in happened) == ["a", "b"]
            assert {source for source, _ in states(one)} == {name, f"{name}/{one_of(name)}"}


async def record_each_other(a: Served, b: Served) -> None:
    """Run both sources until each has read all of the other log, at one moment."""
    level = threading.Event()

    def are_level() -> bool:
        if position(of="a", by=b) == head(a) and position(of="b", by=a) == head(b):
            level.set()  # for both: the first one that leaves says so in its log
        return level.is_set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(copy(a, b, are_level, "a"))
        tasks.create_task(copy(b, a, are_level, "b"))


def one_of(name: str) -> str:
    """Return the other name."""
    return {"a": "b", "b": "a"}[name]


def head(served: Served) -> str:
    log = served.deployment.log
    return f"{log.log_id}/{log.last_seq}"


def position(of: str, by: Served) -> str:
    stub = source_service_pb2_grpc.SourceServiceStub(by.channel)
    answer = stub.ListSources(source_service_pb2.ListSourcesRequest(), timeout=PATIENCE_S)
    return next((each.position for each in answer.sources if each.source == of), "")


def test_what_was_in_the_own_log_before_is_left_out_and_the_rest_says_where_it_was(
    edge: Served,
) -> None:
    here = at_the(edge)
    far = [f"{number}" for number in range(32)]
    ways: Sequence[Sequence[str]] = (["first", "ours"], [], ["first"], far, ["ours", "last"])
    seqs = [publish(here.stub, copied(nomad(), way)).seq for way in ways]
    log, noted = here_log(edge), Noted()
    last = f"reach {log}/{seqs[-1]}"
    source = TidingsSource("edge", Target(url_of(edge)))
    run_async(follow(source, "", noted, lambda: last in noted.said))
    assert [said for said in noted.said if said.startswith("put")] == [
        f"put {log}/{seq}" for seq in seqs[1:4]
    ]
    assert [list(draft.events[0].copied_from) for draft in noted.drafts] == [
        [log],
        ["first", log],
        [*far[1:], log],
    ]


def copied(event: event_pb2.Event, copied_from: Sequence[str]) -> event_pb2.Event:
    event.copied_from.extend(copied_from)
    return event


def test_a_log_is_not_recorded_into_itself(edge: Served) -> None:
    noted = Noted(log_id=here_log(edge))
    with pytest.raises(UpstreamFailed, match="is the log that it is recorded into") as caught:
        run_async(TidingsSource("edge", Target(url_of(edge))).follow("", noted))
    assert caught.value.is_lasting
    assert noted.said == []


def states(served: Served) -> list[tuple[str, bool]]:
    return [
        (event.tidings.source_state.source, event.tidings.source_state.connected)
        for record in read_to_head(served.stub, after_seq=0)
        for event in record.events
        if event.tidings.HasField("source_state")
    ]


@pytest.mark.parametrize("count", [0, 10])
def test_another_log_at_the_address_is_a_gap_and_begins_anew(edge: Served, count: int) -> None:
    for _ in range(count):  # it may be as long as the one before
        publish(at_the(edge).stub, nomad())
    noted = Noted()
    with pytest.raises(UpstreamFailed):
        run_async(TidingsSource("edge", Target(url_of(edge))).follow("other/7", noted))
    assert noted.said == ["lost other/7..: another log is there now", "reach "]


def test_a_credential_that_is_refused_or_may_not_read_is_a_lasting_failure(tmp_path: Path) -> None:
    with serving("127.0.0.1:0", guarded()) as edge:
        here = at_the(edge)
        put_policy(here.channel, "reader", "puppet.jobs = 'read'")
        _, secret = token_of(here.channel, policies=["reader"])
        token = tmp_path / "token"
        for content, systems, reason in (
            ("wrong", ["puppet"], "refused the credential"),
            (secret, ["feldera"], "does not let us read"),
        ):
            token.write_text(content)
            source = TidingsSource("edge", Target(url_of(edge), str(token)), systems=systems)
            with pytest.raises(UpstreamFailed, match=reason) as caught:
                run_async(source.follow("", Noted()))
            assert caught.value.is_lasting
        noted = Noted()
        source = TidingsSource("edge", Target(url_of(edge), str(token)), systems=["puppet"])
        run_async(follow(source, "", noted, lambda: "connected" in noted.said))


def test_it_is_read_where_it_is_set_whatever_proxy_the_environment_names(
    edge: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("grpc_proxy", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    noted = Noted()
    source = TidingsSource("edge", Target(url_of(edge)))
    run_async(follow(source, "", noted, lambda: "connected" in noted.said))


class Quiet:
    """Stands in for a Tidings that sends some heartbeats, with an interval, and then nothing."""

    interval_s = SILENCE_S - 1
    count = 0

    def __init__(self, channel: grpc.aio.Channel) -> None:
        del channel

    def Subscribe(self, request: pb.SubscribeRequest, metadata: object) -> Quiet:
        return self

    async def initial_metadata(self) -> dict[str, str]:
        return {"tidings-log-id": "log"}

    async def __aiter__(self) -> AsyncIterator[pb.SubscribeResponse]:
        for number in range(self.count):
            await jumping.passes(self.interval_s)
            yield pb.SubscribeResponse(heartbeat=pb.Heartbeat(seq=number))
        await asyncio.Event().wait()

    def cancel(self) -> None:
        """It needs no end."""


@pytest.mark.parametrize("count", [0, 3])
@scenario
async def test_heartbeats_keep_a_stream_alive_and_one_that_does_not_come_ends_it(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Quiet, "count", count)
    monkeypatch.setattr(event_service_pb2_grpc, "EventServiceStub", Quiet)
    noted = Noted()
    with pytest.raises(UpstreamFailed, match="fell silent"):
        await TidingsSource("edge", Target("http://127.0.0.1:9")).follow("log/1", noted)
    assert [said for said in noted.said if said != "connected"] == [
        f"reach log/{number}" for number in range(count)
    ]
    passed_s = asyncio.get_running_loop().time()
    assert passed_s == count * Quiet.interval_s + SILENCE_S


def here_log(edge: Served) -> str:
    return edge.deployment.log.log_id


async def follow(
    source: TidingsSource, position: str, noted: Noted, is_over: Callable[[], bool]
) -> None:
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(source.follow(position, noted))
        while not is_over():
            await at_once(0)
        following.cancel()
