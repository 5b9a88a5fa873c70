"""The source of an orchestrator: which jobs it follows, and when it tells of a gap."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.kit.loop import at_once, run_async
from tests.sources.upstreams import Answer, Asked, Noted, upstream
from tidings.sources import puppet
from tidings.sources.failure import UpstreamFailed
from tidings.sources.puppet import PuppetSource
from tidings.sources.target import Target

PATH = "/orchestrator/v1/jobs"

Job = tuple[str, str]
"""State, and its events by one character each, as in TYPES; x = one that is not understood, and
"!" for all of them = its events are answered with 500."""

Round = Mapping[int, Job]
TYPES = {"r": "node_running", "F": "job_finished", "x": "node_running"}


def item(event_id: int, letter: str = "r") -> dict[str, object]:
    made: dict[str, object] = {
        "id": str(event_id), "type": TYPES[letter], "timestamp": "2026-11-29T10:00:00Z",
        "details": {"node": "n"}, "message": "m",
    }  # fmt: skip
    return {**made, "new": 1} if letter == "x" else made


class FakeOrchestrator:
    """A server whose jobs are those of each round in turn, until it breaks.

    The n-th event of job j has the id 100 j + n. A round ends when all was asked for: `pause`.
    """

    def __init__(self, rounds: Sequence[Round], *, heeds_start: bool = True) -> None:
        self._rounds = list(rounds)
        self._heeds_start = heeds_start
        self.asked: list[Asked] = []

    async def pause(self, pause_s: float) -> None:
        if pause_s != puppet.PAGE_S:
            del self._rounds[0]
        await at_once(pause_s)

    async def serve(self, request: Asked, answer: Answer) -> None:
        self.asked.append(request)
        if not self._rounds:
            await answer.whole(500)
            return
        jobs = self._rounds[0]
        if request.path == PATH:
            await answer.whole(200, self._page(jobs, request.query))
            return
        number = int(request.path.split("/")[-2])
        if number not in jobs:
            await answer.whole(404, b'{"kind": "puppetlabs.orchestrator/unknown-job"}')
            return
        start = int(request.query["start"][0]) if self._heeds_start else 0
        _, letters = jobs[number]
        if letters == "!":
            await answer.whole(500)
            return
        items = [item(100 * number + place, letter) for place, letter in enumerate(letters)]
        shown = [each for each in items if int(str(each["id"])) >= start]
        await answer.whole(200, json.dumps({"next-events": {}, "items": shown}).encode())

    def _page(self, jobs: Round, query: Mapping[str, list[str]]) -> bytes:
        assert (query["order_by"], query["order"]) == (["timestamp"], ["desc"])
        offset, limit = int(query["offset"][0]), int(query["limit"][0])
        newest_first = sorted(jobs, reverse=True)
        page = [
            {"name": str(number), "state": jobs[number][0], "id": "https://…"}
            for number in newest_first[offset : offset + limit]
        ]
        return json.dumps({"items": page, "pagination": {"total": len(jobs)}}).encode()


def at(newest: int | None, **jobs: int | None) -> str:
    """Return a position; jobs are named `_7`."""
    return json.dumps({"jobs": {name[1:]: next_id for name, next_id in jobs.items()},
                       "newest": newest})  # fmt: skip


def follow(
    system: FakeOrchestrator, position: str = "", *, jobs: Sequence[str] = (), token_file: str = ""
) -> Noted:
    noted = Noted()

    async def main() -> None:
        async with upstream(system.serve) as url:
            target = Target(url, token_file)
            source = PuppetSource("prod", target, jobs=jobs, sleep=system.pause)
            with pytest.raises(UpstreamFailed, match="answered 500"):
                await source.follow(position, noted)

    run_async(main())
    return noted


COURSES: list[object] = [
    pytest.param(
        [{1: ("finished", "rF"), 2: ("running", "r")}, {2: ("running", "rr")}],
        "",
        [f"begin {at(2, _2=0)}", f"put {at(2, _2=201)}", f"put {at(2, _2=202)}"],
        id="a first run follows what is running, from its beginning",
    ),
    pytest.param(
        [{2: ("finished", "rrF"), 3: ("finished", "F")}] * 2,
        at(2, _2=201),
        [
            f"reach {at(3, _2=201, _3=0)}",
            f"put {at(3, _2=202, _3=0)}",
            f"put {at(3, _3=0)}",
            f"put {at(3)}",
        ],
        id="on from the next id, and a job that began and finished meanwhile",
    ),
    pytest.param(
        [{2: ("stopped", "r")}] * 4,
        at(2, _2=200),
        [f"put {at(2, _2=201)}", f"reach {at(2)}"],
        id="a job that is over and says nothing more, of a server without job_finished",
    ),
    pytest.param(
        [{2: ("finished", letters)} for letters in ("r", "rr", "rr", "rrF")],
        at(2, _2=201),
        [f"put {at(2, _2=202)}", f"put {at(2)}"],
        id="a job that is listed as over before its last events are there",
    ),
    pytest.param(
        [{7: ("running", "r")}],
        at(3),
        [
            "lost job 3..job 7: its list of jobs begins later",
            f"reach {at(7, _7=0)}",
            f"put {at(7, _7=701)}",
        ],
        id="jobs that were removed",
    ),
    pytest.param(
        [{1: ("running", "r")}],
        at(3, _3=300),
        [
            "lost job 3..job 1: its job numbers went back",
            f"begin {at(1, _1=0)}",
            f"put {at(1, _1=101)}",
        ],
        id="another server",
    ),
    pytest.param([{}], "", [f"begin {at(0)}"], id="no jobs yet"),
    pytest.param(
        [{1: ("finished", "F")}] * 2, at(0), [f"reach {at(1, _1=0)}", f"put {at(1)}"],
        id="the first job of all",
    ),
    pytest.param(
        [{7: ("running", "")}], at(0),
        ["lost job 0..job 7: its list of jobs begins later", f"reach {at(7, _7=0)}"],
        id="jobs that came and were removed",
    ),
    pytest.param(
        [{2: ("running", "rxr")}],
        at(2, _2=200),
        [
            f"put {at(2, _2=201)}",
            "lost 2/200..2/202: an event is not understood: new: unknown member",
            f"reach {at(2, _2=202)}",
            f"put {at(2, _2=203)}",
        ],
        id="an event that is not understood",
    ),
    pytest.param(
        [{2: ("running", "!"), 3: ("running", "r")}, {2: ("running", "r"), 3: ("running", "rr")}],
        at(3, _2=200, _3=300),
        [f"put {at(3, _2=200, _3=301)}", f"put {at(3, _2=201, _3=301)}",
         f"put {at(3, _2=201, _3=302)}"],
        id="a job that cannot be read holds up no other",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("rounds", "position", "said"), COURSES)
def test_jobs_are_followed_and_what_may_be_missing_is_told(
    rounds: Sequence[Round], position: str, said: Sequence[str]
) -> None:
    assert follow(FakeOrchestrator(rounds), position).said == ["connected", *said]


def test_the_list_is_read_until_a_page_has_only_jobs_that_are_done_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(puppet, "PAGE_SIZE", 2)
    done = dict.fromkeys(range(1, 10), ("finished", "F"))
    system = FakeOrchestrator([done, {**done, 10: ("running", "r"), 11: ("running", "")}])
    noted = follow(system, at(9))
    assert noted.said[-1] == f"put {at(11, _10=1001, _11=0)}"
    offsets = [each.query["offset"] for each in system.asked if each.path == PATH]
    assert offsets == [["0"], ["0"], ["2"], ["0"]]
    first = FakeOrchestrator([{**done, 2: ("running", "r")}])
    assert follow(first).said[-1] == f"put {at(9, _2=201)}"
    assert [each.query["offset"] for each in first.asked if each.path == PATH][:5] == [
        ["0"], ["2"], ["4"], ["6"], ["8"]
    ]  # fmt: skip


def test_jobs_that_are_asked_for_are_followed_without_the_list_until_they_have_finished() -> None:
    rounds: list[Round] = [
        {2: ("", "r")}, {2: ("", "rF"), 3: ("", "r")}, {2: ("", "rF"), 3: ("", "r")}, {2: ("", "F")}
    ]  # fmt: skip
    system = FakeOrchestrator(rounds)
    noted = follow(system, jobs=["2", "3", "4"])
    assert noted.said == [
        "connected",
        f"begin {at(None, _2=200, _3=0, _4=0)}",
        f"put {at(None, _2=201, _3=0, _4=0)}",
        f"put {at(None, _2=None, _3=0, _4=0)}",
        f"begin {at(None, _2=None, _3=300, _4=0)}",
        f"put {at(None, _2=None, _3=301, _4=0)}",
        "lost 3/300..: the job is not there any more",
        f"reach {at(None, _2=None, _3=None, _4=0)}",
    ]
    assert {each.path for each in system.asked} == {f"{PATH}/{job}/events" for job in (2, 3, 4)}
    of_job_2 = [each for each in system.asked if "/2/" in each.path]
    assert [each.query["start"] for each in of_job_2] == [["0"], ["201"]]


def test_what_was_read_of_a_job_is_not_recorded_again_where_a_server_sends_it_again() -> None:
    system = FakeOrchestrator([{2: ("running", "rrr")}], heeds_start=False)
    assert follow(system, at(2, _2=202)).said == ["connected", f"put {at(2, _2=203)}"]


def test_a_job_that_cannot_be_read_is_told_once_until_it_can() -> None:
    broken = {2: ("running", "!"), 3: ("running", "r")}
    system = FakeOrchestrator([broken, broken, {2: ("running", ""), 3: ("running", "r")}, broken])
    noted = follow(system, at(3, _2=200, _3=300))
    assert noted.failures == 2 * ["job 2: answered 500"]
    assert len(noted.drafts) == 1


def test_it_shows_its_token_and_keys_are_those_of_published_items(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    system = FakeOrchestrator([{2: ("running", "r")}])
    noted = follow(system, token_file=str(token))
    assert {each.headers["x-authentication"] for each in system.asked} == {"s3cret"}
    (draft,) = noted.drafts
    assert draft.key == "prod\x1f2/200"
    assert (draft.events[0].id, draft.events[0].source) == ("2/200", "prod")
    assert draft.events[0].puppet.job == "2"
