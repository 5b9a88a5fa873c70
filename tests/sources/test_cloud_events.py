"""The source of CloudEvents: what it asks, what it records, and when it tells of a gap."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.kit.loop import run_async
from tests.rpc.serving import Served, read_to_head
from tests.sources.test_recorder import gaps, record
from tests.sources.upstreams import Answer, Asked, Noted, upstream
from tidings.sources import cloud_events
from tidings.sources.cloud_events import CloudEventsSource
from tidings.sources.failure import UpstreamFailed
from tidings.sources.target import Target


def event(number: int, *, event_id: str | None = None, **more: object) -> bytes:
    """Return an event of the stream; its id is the number unless said otherwise."""
    made = {
        "specversion": "1.0", "id": f"e{number}", "source": "/shop", "type": "order.paid",
        "data": {"n": number}, **more,
    }  # fmt: skip
    name = str(number) if event_id is None else event_id
    return (f"id: {name}\n" if name else "").encode() + b"data: %s\n\n" % json.dumps(made).encode()


def follow(
    pieces: Sequence[bytes], position: str = "", *, resumes: bool = False, token_file: str = "",
    reason: str = "ended the stream", kind: str = "text/event-stream; charset=utf-8",
    path: str = "/stream?tenant=7",
) -> tuple[Noted, Asked]:  # fmt: skip
    noted = Noted()
    asked: list[Asked] = []

    async def handler(request: Asked, answer: Answer) -> None:
        asked.append(request)
        await answer.begin(kind)
        for piece in pieces:
            await answer.chunk(piece)
        await answer.end()

    async def main() -> None:
        async with upstream(handler) as url:
            source = CloudEventsSource("shop", Target(url + path, token_file), resumes=resumes)
            with pytest.raises(UpstreamFailed, match=reason):
                await source.follow(position, noted)

    run_async(main())
    return noted, asked[0]


UNSURE = "nothing tells whether it went on where it was"

COURSES = [
    pytest.param([event(1), event(2)], "", False, ["begin id:", "put id:1", "put id:2"],
                 id="a first run"),
    pytest.param([b": nothing yet\n\n"], "", False, ["begin id:"], id="a comment is no event"),
    pytest.param(
        [event(2), event(3)], "id:1", False, [f"lost 1..2: {UNSURE}", "put id:2", "put id:3"],
        id="nothing tells whether it went on",
    ),
    pytest.param([event(1), event(2)], "id:1", False, ["put id:1", "put id:2"],
                 id="it comes again"),
    pytest.param([event(2)], "id:1", True, ["put id:2"], id="a server that is known to go on"),
    pytest.param(
        [event(2, event_id="")], "id:", True, [f"lost ..: {UNSURE}", "put id:"],
        id="a stream without ids cannot go on",
    ),
    pytest.param(
        [event(1), b"id: 2\ndata: nonsense\n\n", event(3)], "", False,
        ["begin id:", "put id:1", "lost 1..2: an event is not understood", "reach id:2",
         "put id:3"],
        id="an event that is none",
    ),
    pytest.param([b"id: 4\ndata: {}\n\n"], "", False, ["begin id:", "reach id:4"],
                 id="an empty one"),
    pytest.param([event(2, event_id="")], "id:1", True, ["put id:1"],
                 id="the last id stays where an event has none"),
    pytest.param([event(1)], "id:", True, [f"lost ..1: {UNSURE}", "put id:1"],
                 id="one that has begun, and stored nothing that is known"),
]  # fmt: skip


@pytest.mark.parametrize(("pieces", "position", "resumes", "said"), COURSES)
def test_a_stream_is_recorded_and_what_may_be_missing_is_told(
    pieces: Sequence[bytes], position: str, said: Sequence[str], *, resumes: bool
) -> None:
    noted, _ = follow(pieces, position, resumes=resumes)
    assert noted.said[0] == "connected"
    assert [each[: len(expected)] for each, expected in zip(noted.said[1:], said, strict=True)] == [
        *said
    ]


def test_it_asks_for_what_is_set_and_keys_are_those_of_published_events(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    noted, asked = follow([event(1, event_id="é")], "id:ü", token_file=str(token))
    assert (asked.method, asked.path, asked.query) == ("GET", "/stream", {"tenant": ["7"]})
    assert asked.headers["accept"] == "text/event-stream"
    assert asked.headers["authorization"] == "Bearer s3cret"
    assert asked.headers["last-event-id"].encode("latin-1").decode() == "ü"
    ((made,),) = (draft.events for draft in noted.drafts)
    assert (made.id, made.source, made.cloud_event.source) == ("e1", "shop", "/shop")


def test_an_answer_that_is_no_stream_is_a_failure() -> None:
    noted, _ = follow([b"<html>"], kind="text/html", reason="answered with no stream of events")
    assert noted.said == []


def test_an_event_that_is_too_long_ends_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud_events, "MAX_EVENT_BYTES", 500)
    noted, _ = follow([event(1), event(2, data="x" * 500)], reason="an event is too long")
    assert noted.said == ["connected", "begin id:", "put id:1"]


class FakeShop:
    """A server that goes on behind the last id, and cuts streams where chance has it."""

    def __init__(self, chance: random.Random, cut_rate: float = 1.0) -> None:
        self._chance = chance
        self._cut_rate = cut_rate
        self._held: list[int] = []
        self._count = 0
        self._changed = asyncio.Event()

    def happen(self) -> int:
        self._count += 1
        self._held.append(self._count)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        return self._count

    def restart(self) -> None:
        self._held.clear()

    async def serve(self, asked: Asked, answer: Answer) -> None:
        last = int(asked.headers.get("last-event-id", "0"))
        await answer.begin("text/event-stream")
        await answer.chunk(b": hello\n\n")
        budget = self._chance.randrange(1, 3000) if self._chance.random() < self._cut_rate else None
        while True:
            changed = self._changed
            for number in [each for each in self._held if each > last]:
                piece = event(number)
                if budget is not None and len(piece) > budget:
                    await answer.chunk(piece[:budget])
                    answer.cut()
                    return
                budget = budget and budget - len(piece)
                await answer.chunk(piece)
                last = number
            await changed.wait()


def stored(served: Served) -> list[int]:
    """Return the numbers in the order of the log."""
    return [
        int(each.cloud_event.id[1:])
        for found in read_to_head(served.stub, after_seq=0)
        for each in found.events
        if each.HasField("cloud_event")
    ]


@pytest.mark.parametrize("seed", range(2))
def test_every_event_is_stored_once_in_order_or_covered_by_a_gap(served: Served, seed: int) -> None:
    chance = random.Random(seed)
    happened: list[int] = []

    async def main() -> None:
        system = FakeShop(chance)
        async with upstream(system.serve) as url:
            # of a server that forgets, nobody may say that it goes on where it was
            source = CloudEventsSource("shop", Target(url + "/stream"))
            for _ in range(4):
                happened.extend(system.happen() for _ in range(chance.randrange(1, 20)))
                if chance.random() < 0.5:
                    system.restart()
                happened.append(system.happen())
                await record(served, source, lambda: happened[-1] in stored(served))

    run_async(main())
    found = stored(served)
    assert found == sorted(set(found))
    told = gaps(served)
    for number in happened:
        is_covered = any(int(after or 0) < number < int(before) for after, before in told)
        assert number in found or is_covered or number < found[0]


def test_every_event_of_a_server_that_goes_on_is_stored_once_in_order(served: Served) -> None:
    happened: list[int] = []

    async def main() -> None:
        system = FakeShop(random.Random(3))
        async with upstream(system.serve) as url:
            source = CloudEventsSource("shop", Target(url + "/stream"), resumes=True)
            for _ in range(4):
                happened.extend(system.happen() for _ in range(15))
                await record(served, source, lambda: stored(served) == happened)

    run_async(main())
    assert gaps(served) == []
