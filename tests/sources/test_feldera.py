"""The source of a Feldera: what it asks, what it records, and when it tells of a gap."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.kit.loop import at_once, run_async
from tests.sources.upstreams import Answer, Asked, Noted, upstream
from tidings.sources.failure import UpstreamFailed
from tidings.sources.feldera import FelderaSource
from tidings.sources.target import Target

PATH = "/v0/cluster/events"
SERVICES = ("api", "compiler", "runner")


def event(
    event_id: str, *, is_whole: bool = True, recorded_at: str = "", **more: object
) -> dict[str, object]:
    made: dict[str, object] = {
        "id": event_id,
        "recorded_at": recorded_at or f"2026-11-29T10:00:{int(event_id, 36):02}Z",
        "all_healthy": True,
    }
    for service in SERVICES:
        made[f"{service}_status"] = "Healthy"
        if is_whole:
            made[f"{service}_self_info"] = f"Healthy: {service}"
            made[f"{service}_resources_info"] = ""
    return {**made, **more}


class FakeFeldera:
    """A server whose list is each of `lists` (newest first) in turn, until it breaks.

    The next list shows once `latest` was asked for; `gone` are ids that only the list still has.
    """

    def __init__(self, lists: Sequence[str], gone: str = "", odd: str = "") -> None:
        self._lists = list(lists)
        self._gone = gone
        self._odd = odd
        self.asked: list[Asked] = []

    async def serve(self, request: Asked, answer: Answer) -> None:
        self.asked.append(request)
        assert request.query == {"selector": ["all"]}
        name = request.path.removeprefix(PATH)
        if name == "/latest":
            del self._lists[0]
            name = f"/{self._lists[0][:1]}" if self._lists else ""
        if not self._lists:
            await answer.whole(500)
        elif not name:
            listed = [event(event_id, is_whole=False) for event_id in self._lists[0]]
            await answer.whole(200, json.dumps(listed).encode())
        elif name == "/" or name[1:] in self._gone:
            await answer.whole(404, b"{}")
        else:
            whole = event(name[1:])
            if name[1:] in self._odd:
                whole["new"] = 1
            await answer.whole(200, json.dumps(whole).encode())


def follow(system: FakeFeldera, at: str = "", token_file: str = "") -> Noted:
    noted = Noted()

    async def main() -> None:
        async with upstream(system.serve) as url:
            source = FelderaSource("prod", Target(url, token_file), sleep=at_once)
            with pytest.raises(UpstreamFailed, match="answered 500"):
                await source.follow(at, noted)

    run_async(main())
    return noted


COURSES = [
    pytest.param(
        ["ba"], "", ["begin none", "put a", "put b"], id="a first run takes the list, oldest first"
    ),
    pytest.param(
        ["ba", "ba", "cba"], "", ["begin none", "put a", "put b", "put c"], id="each event once"
    ),
    pytest.param(["dcba"], "b", ["put c", "put d"], id="on from the last that is stored"),
    pytest.param(["a", "dcba"], "a", ["put b", "put c", "put d"], id="several between two looks"),
    pytest.param(["", "", "a"], "", ["begin none", "put a"], id="none yet"),
    pytest.param(
        ["", "ba", "cba"],
        "none",
        ["lost ..a: its list begins later", "put a", "put b", "put c"],
        id="one that has begun, and stored nothing that is known",
    ),
    pytest.param(
        ["dc"], "a", ["lost a..c: its list begins later", "put c", "put d"], id="cleaned up"
    ),
    pytest.param(
        ["", "b"],
        "a",
        ["lost a..: its list begins later", "reach none", "put b"],
        id="a new cluster",
    ),
]


@pytest.mark.parametrize(("lists", "at", "said"), COURSES)
def test_each_event_is_recorded_once_and_what_may_be_missing_is_told(
    lists: Sequence[str], at: str, said: Sequence[str]
) -> None:
    assert follow(FakeFeldera(lists), at).said == ["connected", *said]


def test_an_event_is_read_whole_and_its_key_is_that_of_a_published_one(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("apikey:s3cret\n")
    system = FakeFeldera(["ba", "ba"])
    noted = follow(system, "a", str(token))
    assert [request.path for request in system.asked] == [
        PATH, f"{PATH}/b", f"{PATH}/latest", f"{PATH}/latest"
    ]  # fmt: skip
    assert {request.headers["authorization"] for request in system.asked} == {
        "Bearer apikey:s3cret"
    }
    (draft,) = noted.drafts
    assert draft.key == "prod\x1fb"
    assert (draft.events[0].id, draft.events[0].source) == ("b", "prod")
    assert draft.events[0].feldera.runner_self_info == "Healthy: runner"


def test_an_event_that_only_the_list_still_has_is_recorded_as_listed() -> None:
    noted = follow(FakeFeldera(["ba"], gone="a"))
    assert noted.said == ["connected", "begin none", "put a", "put b"]
    assert noted.drafts[0].events[0].feldera.runner_status == "Healthy"
    assert noted.drafts[0].events[0].feldera.runner_self_info == ""


def test_an_event_that_is_not_understood_is_a_gap_and_the_next_is_recorded() -> None:
    noted = follow(FakeFeldera(["cba"], odd="b"))
    assert noted.said == [
        "connected", "begin none", "put a",
        "lost a..: an event is not understood: new: unknown member", "reach b", "put c",
    ]  # fmt: skip
    assert noted.failures == [""]
