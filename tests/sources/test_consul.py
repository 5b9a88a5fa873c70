"""The source of a Consul: what it asks, what it records, and when it tells of a gap."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.kit.loop import at_once, run_async
from tests.sources.upstreams import Answer, Asked, Noted, upstream
from tidings.sources.consul import ConsulSource
from tidings.sources.failure import UpstreamFailed
from tidings.sources.target import Target

List = tuple[int | str, Sequence[str]]
"""X-Consul-Index and IDs of one answer."""


def event(event_id: str, *, name: str = "deploy", **more: object) -> dict[str, object]:
    return {
        "ID": event_id, "Name": name, "Payload": "aGk=", "NodeFilter": "", "ServiceFilter": "",
        "TagFilter": "", "Version": 1, "LTime": 7, **more,
    }  # fmt: skip


def position(**last_ids: str) -> str:
    return json.dumps({place.strip("_"): last for place, last in last_ids.items()})


def follow(
    lists: Sequence[List], at: str = "", *, token_file: str = "", datacenters: Sequence[str] = ()
) -> tuple[Noted, list[Asked]]:
    """Follow a server that gives these lists one by one and then breaks; return what came of it."""
    noted = Noted()
    asked: list[Asked] = []

    async def handler(request: Asked, answer: Answer) -> None:
        asked.append(request)
        if len(asked) > len(lists):
            await answer.whole(500)
            return
        index, ids = lists[len(asked) - 1]
        body = json.dumps([event(event_id) for event_id in ids]).encode()
        await answer.whole(200, body, x_consul_index=str(index))

    async def main() -> None:
        async with upstream(handler) as url:
            target = Target(url, token_file)
            source = ConsulSource("prod", target, datacenters=datacenters, sleep=at_once)
            with pytest.raises(UpstreamFailed, match="answered 500"):
                await source.follow(at, noted)

    run_async(main())
    return noted, asked


def puts(*ids: str) -> list[str]:
    return [f"put {position(_=event_id)}" for event_id in ids]


def unknown(after: str, before: str) -> str:
    return f"lost {after}..{before}: its list holds nothing that is known"


FULL = [f"{number:03}" for number in range(256)]
BEGIN = [f"begin {position(_='')}"]
EMPTY = [f"reach {position(_='')}"]

COURSES = [
    pytest.param([(9, "ab")], "", [*BEGIN, *puts("a", "b")], id="a first run takes what is there"),
    pytest.param([(9, FULL)], "", [*BEGIN, *puts(*FULL)], id="a full list of a first run"),
    pytest.param([(9, "ab"), (8, "abc")], "", [*BEGIN, *puts("a", "b", "c")], id="each event once"),
    pytest.param([(9, "abc")], position(_="b"), puts("c"), id="on from the last that is stored"),
    pytest.param([(9, "ab"), (9, "ab")], position(_="b"), [], id="time is up, nothing is new"),
    pytest.param(
        [(9, "cd")], position(_="b"), [unknown("b", "c"), *puts("c", "d")], id="none is known"
    ),
    pytest.param(
        [(9, "ab"), (7, FULL)], "", [*BEGIN, *puts("a", "b"), unknown("b", "000"), *puts(*FULL)],
        id="a full list of which none is known",
    ),
    pytest.param(
        [(9, "ab"), (7, [*FULL[1:], "b"])], "", [*BEGIN, *puts("a", "b", *FULL[1:])],
        id="a restarted agent that is told old events again, in another order",
    ),
    pytest.param(
        [(1, ""), (7, "a")], "", [*BEGIN, *puts("a")], id="an empty list is a place of its own"
    ),
    pytest.param(
        [(1, ""), (7, FULL)], "", [*BEGIN, unknown("", "000"), *puts(*FULL)],
        id="an empty list that is full at the next look",
    ),
    pytest.param(
        [(1, ""), (7, "a"), (9, "ab")], position(_=""),
        [unknown("", "a"), *puts("a"), *puts("b")],
        id="an empty list, and an agent that may have restarted since then",
    ),
    pytest.param(
        [(1, "")], position(_="b"), [unknown("b", ""), *EMPTY], id="a restarted agent is empty"
    ),
    pytest.param([(1, "")], position(_=""), [], id="empty as before"),
    pytest.param(
        [(9, FULL)], position(_=""), [unknown("", "000"), *puts(*FULL)],
        id="an empty list that is full at the next connection",
    ),
    pytest.param([(9, "a")], "712", [*BEGIN, *puts("a")], id="another system's position is none"),
]  # fmt: skip


@pytest.mark.parametrize(("lists", "at", "said"), COURSES)
def test_lists_are_recorded_and_what_may_be_missing_is_told(
    lists: Sequence[List], at: str, said: Sequence[str]
) -> None:
    noted, _ = follow(lists, at)
    assert noted.said == ["connected", *said]


@pytest.mark.parametrize(
    ("indexes", "asked_for"),
    [
        ([9, 11, 2**64 - 1], [None, "9", "11", str(2**64 - 1)]),
        ([9, 8, 8], [None, "9", None, "8"]),  # it went back: the whole list at once
        ([0, 0, 5], [None, None, None, "5"]),  # none to wait at
        ([9, 9], [None, "9", "9"]),
    ],
)
def test_an_index_that_went_back_or_is_none_is_not_waited_at(
    indexes: Sequence[int], asked_for: Sequence[str | None]
) -> None:
    _, asked = follow([(index, "a") for index in indexes])
    assert [each.query.get("index", [None])[0] for each in asked] == asked_for
    assert [each.query.get("wait") for each in asked] == [
        ["60s"] if index else None for index in asked_for
    ]


def test_it_asks_for_what_is_set_and_keys_are_those_of_a_published_list(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    noted, asked = follow([(9, "a")], token_file=str(token))
    assert (asked[0].method, asked[0].path) == ("GET", "/v1/event/list")
    assert asked[0].headers["x-consul-token"] == "s3cret"
    (draft,) = noted.drafts
    assert draft.key == "prod\x1fa"
    assert (draft.events[0].id, draft.events[0].source) == ("a", "prod")
    assert draft.events[0].consul.payload == b"hi"


def test_each_datacenter_has_a_place_of_its_own() -> None:
    noted = Noted()
    lists = {"eu": ["a", "b"], "us": ["x", "b"]}
    asked: list[str] = []

    async def handler(request: Asked, answer: Answer) -> None:
        (datacenter,) = request.query["dc"]
        if asked.count(datacenter) == 1:
            await noted.has_said(5)
            await answer.whole(403)
            return
        asked.append(datacenter)
        body = json.dumps([event(event_id) for event_id in lists[datacenter]]).encode()
        await answer.whole(200, body, x_consul_index="7")

    async def main() -> None:
        async with upstream(handler) as url:
            source = ConsulSource("prod", Target(url), datacenters=["eu", "us"], sleep=at_once)
            with pytest.raises(UpstreamFailed, match="answered 403") as caught:
                await source.follow(position(eu="a", us="q"), noted)
            assert caught.value.is_lasting

    run_async(main())
    assert sorted(asked) == ["eu", "us"]
    assert "lost q..x: datacenter us: its list holds nothing that is known" in noted.said
    assert json.loads(noted.said[-1].removeprefix("put ")) == {"eu": "b", "us": "b"}
    assert sorted(draft.events[0].id for draft in noted.drafts) == ["b", "b", "x"]
    assert {draft.key for draft in noted.drafts} == {"prod\x1fb", "prod\x1fx"}


def test_the_place_of_a_datacenter_does_not_go_back_when_another_one_is_slow() -> None:
    class Slow(Noted):
        async def lost(
            self, after: str, before: str, reason: str, copied_from: Sequence[str] = ()
        ) -> None:
            await super().lost(after, before, reason, copied_from)
            for _ in range(200):  # the other datacenter has its turn
                await at_once(0)

    noted = Slow()
    lists = {"eu": [event("a"), event("c", New=1)], "us": [event("b"), event("d")]}
    asked: list[str] = []

    async def handler(request: Asked, answer: Answer) -> None:
        (datacenter,) = request.query["dc"]
        if datacenter in asked:
            await noted.has_said(4)
            await answer.whole(500)
            return
        asked.append(datacenter)
        await noted.has_said(2 if datacenter == "us" else 0)
        body = json.dumps(lists[datacenter]).encode()
        await answer.whole(200, body, x_consul_index="7")

    async def main() -> None:
        async with upstream(handler) as url:
            source = ConsulSource("prod", Target(url), datacenters=["eu", "us"], sleep=at_once)
            with pytest.raises(UpstreamFailed, match="answered 500"):
                await source.follow(position(eu="a", us="b"), noted)

    run_async(main())
    assert noted.said[2:] == [
        f"reach {position(eu='c', us='b')}",
        f"put {position(eu='c', us='d')}",
    ]


def test_an_event_that_is_not_understood_is_a_gap_once_and_the_next_is_recorded() -> None:
    noted = Noted()
    asked = 0

    async def handler(request: Asked, answer: Answer) -> None:
        nonlocal asked
        asked += 1
        if asked > 2:
            await answer.whole(500)
            return
        events = [event("a"), event("b", New=1), event("c")]
        await answer.whole(200, json.dumps(events).encode(), x_consul_index="7")

    async def main() -> None:
        async with upstream(handler) as url:
            with pytest.raises(UpstreamFailed):
                await ConsulSource("prod", Target(url), sleep=at_once).follow("", noted)

    run_async(main())
    assert noted.said == [
        "connected",
        *BEGIN,
        *puts("a"),
        "lost a..: an event is not understood: New: unknown member",
        f"reach {position(_='b')}",
        *puts("c"),
    ]
    assert noted.failures == [""]
