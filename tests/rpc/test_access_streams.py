"""Calls that last: filtered by rights, asked again after changes, ended with their token."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, Self

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tests.kit.clock import START_US
from tests.kit.jumping import turns
from tests.patience import PATIENCE_S
from tests.rpc import events
from tests.rpc.credentials import (
    ROOT_SECRET,
    bearer,
    guarded,
    put_policy,
    refused,
    revoke,
    token_of,
)
from tests.rpc.serving import Served, draft, serving, subscribe_request
from tidings.access.policy_file import PolicyFile
from tidings.core.errors import Unauthenticated
from tidings.core.record import Draft
from tidings.v1 import access_service_pb2, consul_pb2, event_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.access_service_pb2_grpc import AccessServiceStub

ALL_NAMESPACES = 'nomad.namespaces."*" = ["read-job"]'


@pytest.fixture
def served(address: str) -> Iterator[Served]:
    with serving(address, guarded()) as one:
        yield one


def _publish(served: Served, *given: event_pb2.Event) -> int:
    request = pb.PublishRequest(draft=draft(*given))
    answer = served.stub.Publish(request, timeout=PATIENCE_S, metadata=bearer(ROOT_SECRET))
    return answer.seq


class Reader:
    """A stream that has reached the head."""

    def __init__(self, served: Served, secret: str, **fields: Any) -> None:
        fields.setdefault("after_seq", 1)
        request = subscribe_request(**fields)
        self.call: Any = served.stub.Subscribe(request, timeout=PATIENCE_S, metadata=bearer(secret))
        self.messages = iter(self.call)
        self.before = list(self._events_to_head())

    def _events_to_head(self) -> Iterator[event_pb2.Event]:
        for message in self.messages:
            if message.HasField("heartbeat"):
                return
            for record in message.batch.records:
                yield from record.events

    def next_event(self) -> event_pb2.Event:
        for message in self.messages:
            for record in message.batch.records:
                return record.events[0]
        raise AssertionError("the stream ended")

    def ends(self) -> tuple[str, str]:
        return refused(lambda: next(self.messages))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.call.cancel()


def test_streams_with_equal_rights_alone_are_called_the_same(served: Served) -> None:
    def name_of(secret: str) -> str:
        with Reader(served, secret) as reader:
            return str(dict(reader.call.initial_metadata())["tidings-rights"])

    put_policy(served.channel, "jobs", ALL_NAMESPACES)
    one, other = (token_of(served.channel, policies=["jobs"])[1] for _ in range(2))
    before = name_of(one)
    assert before == name_of(other) != name_of(ROOT_SECRET)
    put_policy(served.channel, "jobs", 'nomad.namespaces."default" = ["read-job"]')
    assert before != name_of(one) == name_of(other)


def test_a_stream_without_selectors_holds_what_may_be_read(served: Served) -> None:
    put_policy(
        served.channel,
        "p",
        'nomad.namespaces.a = ["read-job"]\nconsul.event.web = "read"\npuppet.jobs = "read"',
    )
    _, secret = token_of(served.channel, policies=["p"])
    _publish(
        served,
        events.nomad("Job", namespace="a", key="seen"),
        events.nomad("Job", namespace="b", key="hidden"),
        events.nomad("Node", key="hidden"),
    )
    for one in (events.consul("web"), events.consul("db"), events.puppet(), events.feldera()):
        _publish(served, one)
    with Reader(served, secret) as reader:
        kinds = [event.WhichOneof("body") for event in reader.before]
        assert kinds == ["nomad", "consul", "puppet"]
        assert reader.before[0].nomad.key == "seen"
        assert reader.before[1].consul.name == "web"


def test_a_named_thing_that_may_not_be_read_is_refused(served: Served) -> None:
    put_policy(served.channel, "p", 'consul.event.web = "read"\ndocker_cloud.namespaces = ["a"]')
    _, secret = token_of(served.channel, policies=["p"])

    def opened(request: pb.SubscribeRequest) -> tuple[str, str]:
        call = served.stub.Subscribe(request, timeout=PATIENCE_S, metadata=bearer(secret))
        return refused(lambda: next(iter(call)))

    selector = consul_pb2.ConsulSelector(names=["web", "db"])
    denied = ("PERMISSION_DENIED", "not allowed to event:read db")
    assert opened(subscribe_request(consul=selector)) == denied
    request = pb.SubscribeRequest()
    request.selection.docker_cloud.namespace = "b"
    assert opened(request) == ("PERMISSION_DENIED", "not allowed to read namespace b")
    request = pb.SubscribeRequest(heartbeat_interval={"seconds": -1})  # type: ignore[arg-type]
    request.selection.puppet.SetInParent()
    assert opened(request) == ("PERMISSION_DENIED", "not allowed to read puppet")
    request = pb.SubscribeRequest()
    request.selection.nomad.SetInParent()
    assert opened(request) == ("PERMISSION_DENIED", "not allowed to read topic *")
    _, nothing = token_of(served.channel)
    call = served.stub.Subscribe(
        pb.SubscribeRequest(), timeout=PATIENCE_S, metadata=bearer(nothing)
    )
    denied = ("PERMISSION_DENIED", "not allowed to read events")
    assert refused(lambda: next(iter(call))) == denied


def test_a_revoked_token_ends_its_streams_and_no_others(served: Served) -> None:
    put_policy(served.channel, "p", ALL_NAMESPACES)
    token_id, secret = token_of(served.channel, policies=["p"])
    _, other = token_of(served.channel, policies=["p"])
    with Reader(served, secret) as ended, Reader(served, other) as stays:
        revoke(served.channel, token_id)
        assert ended.ends() == ("UNAUTHENTICATED", "the credential is revoked")
        assert "tidings-position" in dict(ended.call.trailing_metadata())
        _publish(served, events.nomad("Job", key="k"))
        assert stays.next_event().nomad.key == "k"


def test_an_expired_token_ends_its_streams(served: Served) -> None:
    put_policy(served.channel, "p", ALL_NAMESPACES)
    expires_at = Timestamp(seconds=START_US // 1_000_000 + 60)
    _, secret = token_of(served.channel, policies=["p"], expires_at=expires_at)
    _, other = token_of(served.channel, policies=["p"])
    with Reader(served, secret) as ended, Reader(served, other) as stays:
        served.deployment.clock.at_us += 60_000_000
        assert ended.ends() == ("UNAUTHENTICATED", "the credential is expired")
        _publish(served, events.nomad("Job", key="k"))
        assert stays.next_event().nomad.key == "k"


def _expiring(served: Served) -> str:
    """Return the secret of a token that ends in 60 s."""
    put_policy(served.channel, "p", ALL_NAMESPACES)
    expires_at = Timestamp(seconds=START_US // 1_000_000 + 60)
    return token_of(served.channel, policies=["p"], expires_at=expires_at)[1]


@pytest.mark.parametrize("is_large", [False, True])
def test_nothing_that_is_recorded_after_the_end_of_a_token_is_delivered(
    served: Served,
    is_large: bool,  # noqa: FBT001
) -> None:
    secret = _expiring(served)
    event = events.nomad("Job", key="k" * (100_000 if is_large else 1))
    body = event_pb2.EventRecord(events=[event]).SerializeToString()

    async def at_the_end_of_its_time() -> int:
        await served.deployment.log.append(Draft("nomad", "nomad", body))
        served.deployment.clock.at_us += 60_000_000  # and nobody has looked at it yet
        return (await served.deployment.log.append(Draft("nomad", "nomad", body))).seq

    with Reader(served, secret) as reader:
        late_seq = served.run(at_the_end_of_its_time())
        found: list[int] = []

        def read_to_the_end() -> None:
            for message in reader.messages:
                found.extend(one.seq for one in message.batch.records)

        with pytest.raises(grpc.RpcError) as ended:
            read_to_the_end()
        call: Any = ended.value
        assert (call.code().name, call.details()) == (
            "UNAUTHENTICATED",
            "the credential is expired",
        )
        assert late_seq not in found
        position = int(dict(reader.call.trailing_metadata())["tidings-position"])
        assert max(found, default=0) <= position < late_seq


@pytest.mark.parametrize("what", ["Subscribe", "PublishStream", "List"])
def test_a_call_ends_at_the_moment_of_its_tokens_end_and_not_with_the_next_tick(
    served: Served, what: str
) -> None:
    secret = _expiring(served)
    served.server.call(lambda: setattr(served.deployment.access, "_tick_s", 3600.0))
    served.server.run(turns(3))
    served.deployment.clock.at_us += 59_900_000
    metadata = bearer(secret)
    calls: dict[str, Callable[[], Any]] = {
        "Subscribe": lambda: served.stub.Subscribe(
            pb.SubscribeRequest(position=pb.START_POSITION_LATEST),
            timeout=PATIENCE_S,
            metadata=metadata,
        ),
        "PublishStream": lambda: served.stub.PublishStream(
            iter(SimpleQueue[Any]().get, None), timeout=PATIENCE_S, metadata=metadata
        ),
        "List": lambda: served.stub.List.future(
            pb.ListRequest(index=1), timeout=PATIENCE_S, metadata=metadata
        ),
    }
    put_policy(served.channel, "p", ALL_NAMESPACES + '\npublish = ["nomad"]')
    call = calls[what]()
    access = served.deployment.access
    while not access._stays:  # noqa: SLF001 - until it is under way
        served.server.call(lambda: None)
    served.deployment.clock.at_us += 100_000
    with pytest.raises(grpc.RpcError) as ended:
        list(call) if what != "List" else call.result()
    failed: Any = ended.value
    assert (failed.code().name, failed.details()) == (
        "UNAUTHENTICATED",
        "the credential is expired",
    )


@pytest.mark.parametrize("what", ["Subscribe", "PublishStream"])
def test_a_stream_has_begun_before_anything_may_end_it(
    served: Served, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """GRPC sends no status for a call that is cancelled while its initial metadata is sent."""

    async def ended(_caller: object, _recheck: object, work: Coroutine[Any, Any, None]) -> None:
        work.close()
        raise Unauthenticated("expired")

    monkeypatch.setattr(served.deployment.access, "staying", ended)
    requests = {"Subscribe": pb.SubscribeRequest(), "PublishStream": iter(())}
    call: Any = getattr(served.stub, what)(
        requests[what], timeout=PATIENCE_S, metadata=bearer(ROOT_SECRET)
    )
    assert refused(lambda: next(call)) == ("UNAUTHENTICATED", "the credential is expired")
    assert "tidings-log-id" in dict(call.initial_metadata())


def test_a_stream_that_could_not_be_opened_any_more_ends(served: Served) -> None:
    put_policy(served.channel, "p", ALL_NAMESPACES)
    _, secret = token_of(served.channel, policies=["p"])
    with Reader(served, secret) as reader:
        put_policy(served.channel, "p", "")
        assert reader.ends() == ("PERMISSION_DENIED", "not allowed to read events")


def test_a_narrowed_stream_goes_on_with_what_is_left(served: Served) -> None:
    put_policy(served.channel, "p", ALL_NAMESPACES)
    _, secret = token_of(served.channel, policies=["p"])
    # what was widened comes with the next heartbeat at the latest
    with Reader(served, secret, heartbeat_interval=Duration(nanos=200_000_000)) as reader:
        _publish(served, events.nomad("Job", namespace="b", key="early"))
        assert reader.next_event().nomad.key == "early"
        put_policy(served.channel, "p", 'nomad.namespaces.a = ["read-job"]')
        _publish(served, events.nomad("Job", namespace="b", key="hidden"))
        _publish(served, events.nomad("Job", namespace="a", key="seen"))
        assert reader.next_event().nomad.key == "seen"
        put_policy(served.channel, "p", ALL_NAMESPACES)
        _publish(served, events.nomad("Job", namespace="b", key="again"))
        assert reader.next_event().nomad.key == "again"


def test_a_change_of_the_policy_file_asks_open_streams_again(served: Served) -> None:
    put_policy(served.channel, "p", ALL_NAMESPACES)
    _, secret = token_of(served.channel, policies=["p"])
    with Reader(served, ROOT_SECRET) as roots, Reader(served, secret) as stays:
        served.server.call(lambda: served.deployment.access.set_file(PolicyFile()))
        assert roots.ends() == ("UNAUTHENTICATED", "the credential is unknown")
        assert refused(lambda: _publish(served, events.nomad()))[0] == "UNAUTHENTICATED"
        assert stays.before == []


def test_a_published_acl_event_changes_nothing(served: Served) -> None:
    put_policy(served.channel, "p", ALL_NAMESPACES)
    token_id, secret = token_of(served.channel, policies=["p"])
    with Reader(served, secret) as reader:
        event = events.nomad("ACLToken", key=token_id)
        event.nomad.type = "ACLTokenDeleted"
        _publish(served, event)
        _publish(served, events.nomad("Job", key="k"))
        assert reader.next_event().nomad.key == "k"


def test_a_publish_stream_refuses_single_drafts_and_ends_with_its_token(served: Served) -> None:
    put_policy(served.channel, "p", "publish = ['nomad']")
    token_id, secret = token_of(served.channel, policies=["p"])
    requests: SimpleQueue[pb.PublishStreamRequest | None] = SimpleQueue()
    answers = served.stub.PublishStream(
        iter(requests.get, None), timeout=PATIENCE_S, metadata=bearer(secret)
    )
    both = [draft(events.consul()), draft(events.nomad())]
    requests.put(pb.PublishStreamRequest(drafts=both))
    results: list[pb.PublishResult] = []
    while len(results) < 2:
        results += next(answers).results
    assert results[0].error.code == grpc.StatusCode.PERMISSION_DENIED.value[0]
    assert results[1].HasField("stored")
    put_policy(served.channel, "p", "publish = ['consul']")
    requests.put(pb.PublishStreamRequest(drafts=both))
    results = []
    while len(results) < 2:
        results += next(answers).results
    assert results[0].HasField("stored")
    assert results[1].error.code == grpc.StatusCode.PERMISSION_DENIED.value[0]
    revoke(served.channel, token_id)
    try:
        assert refused(lambda: next(answers))[0] == "UNAUTHENTICATED"
    finally:
        requests.put(None)


def _list(served: Served, secret: str, **fields: Any) -> pb.ListResponse:
    request = pb.ListRequest(**fields)
    return served.stub.List(request, timeout=PATIENCE_S, metadata=bearer(secret))


def test_a_list_leaves_out_what_may_not_be_read_and_says_so(served: Served) -> None:
    put_policy(served.channel, "p", 'consul.event.web = "read"')
    _, secret = token_of(served.channel, policies=["p"])
    seen = _publish(served, events.consul("web"))
    assert not _list(served, secret).filtered_by_acl
    _publish(served, events.consul("db"))
    listed = _list(served, secret)
    assert [event.name for event in listed.events] == ["web"]
    assert (listed.index, listed.filtered_by_acl) == (seen, True)
    nobody = _list(served, "")
    assert (len(nobody.events), nobody.index, nobody.filtered_by_acl) == (0, 1, True)
    assert not _list(served, secret, name="web").filtered_by_acl
    assert len(_list(served, ROOT_SECRET).events) == 2


def test_a_waiting_list_wakes_only_for_what_may_be_read(served: Served) -> None:
    put_policy(served.channel, "p", 'consul.event.web = "read"')
    _, secret = token_of(served.channel, policies=["p"])
    index = _publish(served, events.consul("web"))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(_list, served, secret, index=index)
        _publish(served, events.consul("db"))
        seen = _publish(served, events.consul("web"))
        answer = waiting.result(PATIENCE_S)
    assert answer.index == seen
    assert {event.name for event in answer.events} == {"web"}


def test_a_waiting_list_does_not_answer_a_token_that_was_revoked(served: Served) -> None:
    put_policy(served.channel, "p", 'consul.event.web = "read"')
    token_id, secret = token_of(served.channel, policies=["p"])
    index = _publish(served, events.consul("web"))
    request = pb.ListRequest(index=index)
    call = served.stub.List.future(request, timeout=PATIENCE_S, metadata=bearer(secret))
    revoke(served.channel, token_id)
    _publish(served, events.consul("web"))
    assert refused(call.result)[0] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({"name": "db"}, ("PERMISSION_DENIED", "not allowed to event:write db")),
        (
            {"name": "db", "tag": "x"},
            ("INVALID_ARGUMENT", "Cannot provide tag filter without service filter"),
        ),
        (
            {"name": "db" * 40_000},
            ("PERMISSION_DENIED", "not allowed to event:write"),
        ),
    ],
)
def test_fire_looks_at_filters_then_rights_then_sizes(
    served: Served, fields: dict[str, str], answer: tuple[str, str]
) -> None:
    put_policy(served.channel, "p", 'consul.event_prefix."" = "read"')
    _, secret = token_of(served.channel, policies=["p"])
    code, text = refused(
        lambda: served.stub.Fire(
            pb.FireRequest(**fields),
            timeout=PATIENCE_S,
            metadata=bearer(secret),
        )
    )
    assert code == answer[0]
    assert text.startswith(answer[1])


def test_deleting_the_anonymous_policy_ends_anonymous_streams(served: Served) -> None:
    put_policy(served.channel, "anonymous", ALL_NAMESPACES)
    with Reader(served, "") as reader:
        AccessServiceStub(served.channel).DeletePolicy(
            access_service_pb2.DeletePolicyRequest(name="anonymous"),
            timeout=PATIENCE_S,
            metadata=bearer(ROOT_SECRET),
        )
        assert reader.ends() == ("UNAUTHENTICATED", "the credential is missing")
