"""Fire and List: Consul's user events over gRPC."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from tests.dialects.drafts import check, record
from tests.kit.clock import DayClock
from tests.kit.loop import scenario
from tests.patience import PATIENCE_S
from tests.rpc.events import consul, nomad
from tests.rpc.serving import Deployment, Served, publish, read_one, refusal, serving
from tidings.dialects.consul import make
from tidings.rpc.consul import ListWatch, wait_s_of
from tidings.v1 import consul_pb2, event_service_pb2

CONSUL = make()
BACKSLASH = "error parsing regexp: trailing backslash at end of expression: ``"
TOO_LARGE = "encoded user event exceeds configured limit of 512 bytes after encoding"


def fire(served: Served, name: str = "deploy", **fields: Any) -> consul_pb2.ConsulEvent:
    request = event_service_pb2.FireRequest(name=name, **fields)
    return served.stub.Fire(request, timeout=PATIENCE_S).event


def listed(served: Served, **fields: Any) -> event_service_pb2.ListResponse:
    return served.stub.List(event_service_pb2.ListRequest(**fields), timeout=PATIENCE_S)


def index_of(event_id: str) -> int:
    """Return the index that Consul's clients compute from an ID."""
    digits = event_id.replace("-", "")
    return int(digits[:16], 16) ^ int(digits[16:], 16)


class TestFire:
    def test_it_answers_with_the_event_and_an_ltime_of_0(self, served: Served) -> None:
        body = HttpBody(content_type="application/json", data=b"\x00raw")
        event = fire(served, payload=body, node="^db", service="web", tag="v1")
        assert index_of(event.id) == 2
        assert event == consul_pb2.ConsulEvent(
            id=event.id,
            name="deploy",
            payload=b"\x00raw",
            node_filter="^db",
            service_filter="web",
            tag_filter="v1",
            version=1,
        )

    def test_what_was_fired_is_read_and_listed_with_the_same_id(self, served: Served) -> None:
        event = fire(served)
        event.l_time = 2
        assert read_one(served.stub, 2).events[0].consul == event
        assert list(listed(served).events) == [event]

    def test_firing_twice_makes_two_events(self, served: Served) -> None:
        assert fire(served).id != fire(served).id
        assert len(listed(served).events) == 2

    @pytest.mark.parametrize(
        ("fields", "text"),
        [
            ({"name": ""}, "User event missing name"),
            ({"tag": "a"}, "Cannot provide tag filter without service filter"),
            (
                {"node": "("},
                "Invalid node filter: error parsing regexp: missing closing ): `(`",
            ),
            (
                {"service": "a", "tag": "a\\"},
                f"Invalid tag filter: {BACKSLASH}",
            ),
        ],
    )
    def test_a_refusal_has_consuls_text_and_nothing_else(
        self, served: Served, fields: dict[str, str], text: str
    ) -> None:
        with pytest.raises(grpc.RpcError) as refused:
            fire(served, **fields)
        assert refusal(refused.value) == (grpc.StatusCode.INVALID_ARGUMENT, text)
        assert listed(served).index == 1

    def test_a_long_expression_still_fits_into_the_refusal(self, served: Served) -> None:
        with pytest.raises(grpc.RpcError) as refused:
            fire(served, node="(" + "é" * 500)
        code, text = refusal(refused.value)
        assert code == grpc.StatusCode.INVALID_ARGUMENT
        assert text.startswith("Invalid node filter: error parsing regexp: missing closing ): `(é")
        assert text.endswith("…")

    def test_a_large_payload_is_refused_by_size(self, served: Served) -> None:
        with pytest.raises(grpc.RpcError) as refused:
            fire(served, payload=HttpBody(data=b"x" * 32_769))
        assert refusal(refused.value)[0] == grpc.StatusCode.RESOURCE_EXHAUSTED

    def test_consuls_own_rule_has_its_own_text(self, address: str) -> None:
        with serving(address, Deployment({"consul": {"max_payload_bytes": None}})) as one:
            assert fire(one, payload=HttpBody(data=b"x" * 404)).version == 1
            with pytest.raises(grpc.RpcError) as refused:
                fire(one, payload=HttpBody(data=b"x" * 405))
            assert refusal(refused.value) == (
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                TOO_LARGE,
            )


class TestList:
    def test_an_empty_list_has_index_1(self, served: Served) -> None:
        assert listed(served) == event_service_pb2.ListResponse(index=1)

    def test_events_are_oldest_first_and_the_index_is_the_newest_position(
        self, served: Served
    ) -> None:
        for name in ("a", "b", "a"):
            fire(served, name)
        publish(served.stub, nomad())
        found = listed(served)
        assert [(event.name, event.l_time) for event in found.events] == [
            ("a", 2),
            ("b", 3),
            ("a", 4),
        ]
        assert found.index == 4 == index_of(found.events[-1].id)
        assert [event.l_time for event in listed(served, name="a").events] == [2, 4]
        assert listed(served, name="b").index == 3
        assert listed(served, name="c") == event_service_pb2.ListResponse(index=1)

    def test_an_answer_is_not_older_than_what_was_fired_since(self, served: Served) -> None:
        for number in range(5):
            fire(served, "a")
            assert len(listed(served, name="a").events) == number + 1
            assert len(listed(served).events) == number + 1

    @pytest.mark.parametrize("index", [0, 1, 3, 99])
    def test_another_index_answers_at_once(self, served: Served, index: int) -> None:
        fire(served)
        assert listed(served, index=index).index == 2

    def test_the_same_index_waits_for_a_change(self, served: Served) -> None:
        fire(served, "a")
        with ThreadPoolExecutor(2) as pool:
            mine = pool.submit(listed, served, name="a", index=2)
            any_name = pool.submit(listed, served, index=2)
            fire(served, "b")
            assert any_name.result(PATIENCE_S).index == 3
            assert not mine.done()
            fire(served, "a")
            assert mine.result(PATIENCE_S).index == 4

    def test_the_end_of_the_wait_answers_with_what_there_is(self, served: Served) -> None:
        fire(served)
        found = listed(served, index=2, wait=Duration(nanos=10_000_000))
        assert (len(found.events), found.index) == (1, 2)

    @pytest.mark.usefixtures("far_ahead")
    def test_it_answers_before_its_deadline(self, served: Served) -> None:
        fire(served)
        request = event_service_pb2.ListRequest(index=2, wait=Duration(seconds=600))
        assert served.stub.List(request, timeout=PATIENCE_S).index == 2

    def test_a_name_whose_events_were_evicted_is_released(self, served: Served) -> None:
        fire(served, "quiet")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(listed, served, name="quiet", index=2)
            for _ in range(256):
                fire(served, "busy")
            assert waiting.result(PATIENCE_S) == event_service_pb2.ListResponse(index=1)

    def test_going_down_answers_with_what_there_is(self, address: str) -> None:
        with ThreadPoolExecutor(1) as pool, serving(address) as one:
            fire(one)
            waiting = pool.submit(listed, one, index=2)
            one.run(_until_waited_for(one))
            one.run(one.deployment.service.drain(PATIENCE_S))
            assert waiting.result(PATIENCE_S).index == 2


async def _until_waited_for(served: Served) -> None:
    lists = served.deployment.service._lists  # noqa: SLF001 - there is no other sign of it
    while not lists.waiting_count:
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)


class TestWait:
    @pytest.mark.parametrize(
        ("wait", "remaining_s", "expected_s"),
        [
            (None, None, 300.0),
            (Duration(), None, 300.0),
            (Duration(seconds=5), None, 5.0),
            (Duration(nanos=1_000_000), None, 0.001),
            (Duration(seconds=600), None, 600.0),
            (Duration(seconds=601), None, 600.0),
            (Duration(seconds=-1), None, 600.0),
            (Duration(seconds=5), 60.0, 5.0),
            (Duration(seconds=60), 5.0, 4.75),
            (None, 0.2, 0.1),
            (None, 0.0, 0.0),
        ],
    )
    def test_it_is_bounded_by_consuls_limits_and_the_deadline(
        self, wait: Duration | None, remaining_s: float | None, expected_s: float
    ) -> None:
        request = event_service_pb2.ListRequest(wait=wait)
        assert wait_s_of(request, remaining_s) == pytest.approx(expected_s)


class TestListWatch:
    def watch(self) -> ListWatch:
        return ListWatch(CONSUL.projection(), DayClock())

    @scenario
    async def test_it_forgets_names_that_nobody_waits_for(self) -> None:
        watch = self.watch()
        for number in range(3):
            await watch.wait_for_other(str(number), 1, 0.001)
        assert watch.waiting_count == 0

    @scenario
    async def test_a_wait_of_no_time_returns_at_once(self) -> None:
        await self.watch().wait_for_other("a", 1, 0.0)

    @scenario
    async def test_an_index_of_0_never_waits(self) -> None:
        await self.watch().wait_for_other("a", 0, PATIENCE_S * 10)

    @scenario
    async def test_a_change_wakes_all_who_wait_for_it_and_nobody_else(self) -> None:
        watch = self.watch()
        order: list[str] = []

        async def wait(name: str, patience_s: float) -> None:
            await watch.wait_for_other(name, 1, patience_s)
            order.append(name)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(wait("a", PATIENCE_S))
            other = tasks.create_task(wait("b", PATIENCE_S))
            while watch.waiting_count < 4:
                await asyncio.get_running_loop().run_in_executor(None, lambda: None)
            watch.apply(record(check(CONSUL, consul("a")), 2))
            while len(order) < 3:
                await asyncio.get_running_loop().run_in_executor(None, lambda: None)
            assert order == ["a"] * 3
            assert not other.done()
            assert watch.waiting_count == 1
            watch.close()

    @scenario
    async def test_after_close_nobody_waits(self) -> None:
        watch = self.watch()
        watch.close()
        await watch.wait_for_other("a", 1, PATIENCE_S * 10)

    @scenario
    async def test_answers_are_made_once_until_they_change(self) -> None:
        watch = self.watch()
        watch.apply(record(check(CONSUL, consul("a")), 2))
        first = watch.answer("a")
        assert watch.answer("a") is first
        watch.apply(record(check(CONSUL, consul("b")), 3))
        assert watch.answer("a") == first
        assert event_service_pb2.ListResponse.FromString(watch.answer("")).index == 3
        assert watch.depth == 256


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x", "node": "("}, "node"),
        ({"name": "x", "service": "["}, "service"),
        ({"name": "x", "tag": "a"}, "tag"),
    ],
)
def test_a_refusal_is_consuls_text_and_programs_are_told_the_field(
    served: Served, fields: dict[str, str], field: str
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        served.stub.Fire(event_service_pb2.FireRequest(**fields), timeout=PATIENCE_S)
    failed: Any = refused.value
    status = rpc_status.from_call(failed)
    assert status is not None
    found = error_details_pb2.BadRequest()
    assert status.details[1].Unpack(found)
    assert [each.field for each in found.field_violations] == [field]
    assert not failed.details().startswith(field)
