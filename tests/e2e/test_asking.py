"""Every request of docs/asking.md, over the simulated day: HTTP and gRPC give the same, and right.

What is right is found in the drafts of the day by plain loops.
"""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
import pytest

from tests.kit.recorded_day import DAY, START_US, record_day, told
from tests.kit.server import Server, indexed_through, tidings
from tests.patience import PATIENCE_S
from tidings.dialects import load
from tidings.gateway.contract import ROUTES
from tidings.gateway.transcode.bind import bind_request
from tidings.gateway.transcode.render import render_response
from tidings.gateway.transcode.routes import routes_at
from tidings.v1 import event_pb2
from tidings.v1.event_service_pb2_grpc import EventServiceStub

pytestmark = pytest.mark.own_store

PAGE = (Path(__file__).parents[2] / "docs/asking.md").read_text()
HTTP = "http://127.0.0.1:4650"
Answers = list[list[dict[str, Any]]]
"""What each request of a question is answered, of all its pages."""

DIALECTS = load()
TOLD = told()


def sections() -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each question, and the commands that answer it."""
    for number, body in re.findall(r"^## (\d+)\.(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE):
        block = re.findall(r"^```\n(.*?)^```", body, re.DOTALL | re.MULTILINE)
        yield int(number), [line for each in block for line in each.splitlines()]


QUESTIONS = dict(sections())


def targets_of(number: int) -> list[str]:
    """Return the paths that a question's curl asks for."""
    curls = [shlex.split(line) for line in QUESTIONS[number] if line.startswith("curl ")]
    return [words[-1].removeprefix(HTTP) for words in curls]


def events() -> Iterator[tuple[int, str, event_pb2.Event]]:
    """Yield when each event of the day was stored, its system and itself."""
    for at_us, draft in TOLD:
        for event in draft.events:
            yield at_us, str(event.WhichOneof("body")), event


def at(text: str) -> int:
    """Return a time of the day, "14:02", in microseconds since 1970."""
    hours, minutes = map(int, text.split(":"))
    return START_US + (hours * 60 + minutes) * 60_000_000


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """One day, served without an index and with one that knows all of it."""
    folder = tmp_path_factory.mktemp("day")
    record_day(folder / "scanned")
    shutil.copytree(folder / "scanned", folder / "indexed")
    with contextlib.ExitStack() as stack:
        servers = {}
        for name in ("scanned", "indexed"):
            flags = ["--retention-age=unlimited"]
            servers[name] = server = Server(folder / name, flags, store=(), index=name == "indexed")
            stack.callback(server.end)
            server.start()
        indexed_through(servers["indexed"])
        yield servers


@pytest.fixture(params=["scanned", "indexed"])
def day(days: dict[str, Server], request: pytest.FixtureRequest) -> Server:
    return days[request.param]


def over_http(server: Server, target: str) -> list[dict[str, Any]]:
    """Return the pages of an answer."""
    found = []
    path = target
    while True:
        status, _, body = server.request("GET", path)
        assert status == 200, body
        found.append(json.loads(body))
        token = found[-1].get("nextPageToken", "")
        if not token or "page_size" in target:
            return found
        path = f"{target}&page_token={token}"


def over_grpc(server: Server, target: str) -> list[dict[str, Any]]:
    """Return the same by the method that the path belongs to."""
    path, query = urlsplit(target).path, urlsplit(target).query
    found = routes_at(ROUTES, path.encode())["GET"]
    request: Any = bind_request(*found, query.encode())
    pages = []
    with grpc.insecure_channel(server.grpc) as channel:
        method = getattr(EventServiceStub(channel), found[0].rpc.name)
        while True:
            answer = method(request, timeout=PATIENCE_S)
            pages.append(json.loads(render_response(answer).body))
            if not answer.next_page_token or "page_size" in target:
                return pages
            request.page_token = answer.next_page_token


def parts_of(pages: list[dict[str, Any]]) -> list[Any]:
    """Return what all pages hold together: where they are cut is a matter of time."""
    names = ("records", "counts", "totals", "objects", "versions")
    return [part for page in pages for name in names for part in page.get(name, ())]


def asked(server: Server, number: int) -> list[list[Any]]:
    """Return what the requests of a question are answered, by HTTP as by gRPC."""
    found = []
    for target in targets_of(number):
        found.append(parts_of(over_http(server, target)))
        assert parts_of(over_grpc(server, target)) == found[-1]
    return found


def test_the_page_asks_thirteen_questions() -> None:
    assert sorted(QUESTIONS) == list(range(1, 14))
    assert all(targets_of(number) for number in QUESTIONS)
    assert set(ANSWERED) == set(QUESTIONS)
    assert all(DAY in target for n in (1, 6, 10, 11) for target in targets_of(n)[:1])


def _what_happened_to_web(answers: Answers) -> None:
    (records,) = answers
    systems = {next(iter(set(event) & NAMES)) for each in records for event in each["events"]}
    assert systems == {"nomad", "consul", "cloudEvent"}
    first, last = records[0]["recordedAt"], records[-1]["recordedAt"]
    assert f"{DAY}T14:00" <= first < last < f"{DAY}T15"
    wanted = [
        event
        for at_us, system, event in events()
        if at("14:00") <= at_us < at("15:00")
        and any(
            "web" in re.split(r"\W+", text.lower()) for text in DIALECTS[system].facets(event).text
        )
    ]
    assert sum(len(each["events"]) for each in records) == len(wanted) > 10


def _which_allocations_failed(answers: Answers) -> None:
    (records,) = answers
    failed = {
        each.id
        for _, system, event in events()
        if system == "nomad"
        for each in DIALECTS[system].facets(event).objects
        if (each.kind, each.status) == ("allocation", "failed")
    }
    payloads = [event["nomad"]["Payload"] for each in records for event in each["events"]]
    found = [payload["Allocation"] for payload in payloads]
    assert {each["ID"] for each in found} == failed
    assert all(each["JobID"] and each["NodeName"] and each["TaskStates"] for each in found)
    assert any("OOM Killed" in json.dumps(each["TaskStates"]) for each in found)


def _who_fired_deploy_web(answers: Answers) -> None:
    (records,) = answers
    fired = [at_us for at_us, _, event in events() if event.consul.name == "deploy-web"]
    assert len(records) == len(fired) == 3
    assert {each["publisher"]["principal"] for each in records} == {"deployer"}
    assert {each["publisher"]["peer"] for each in records} == {"10.0.0.7"}
    assert [each["recordedAt"][11:19] for each in records] == ["09:00:02", "14:03:00", "17:00:02"]
    assert all(each["events"][0]["consul"]["Payload"] for each in records)


def _how_puppet_jobs_ended(answers: Answers) -> None:
    (found,) = answers
    jobs, runs = ([each for each in found if each["kind"] == kind] for kind in ("job", "run"))
    assert len(jobs) + len(runs) == len(found)
    nodes = {
        (each["id"], each["status"])
        for each in runs
        if "job/352" in each["parents"] and each["status"] in {"failed", "errored"}
    }
    assert nodes == {
        ("352/db-2.shop.example", "failed"),
        ("352/db-4.shop.example", "errored"),
    }
    assert len(jobs) == 24
    ended = {each["id"]: (each["status"], each["parts"]) for each in jobs}
    assert ended["352"] == ("failed", {"finished": 3, "failed": 1, "errored": 1})


def _what_came_last(answers: Answers) -> None:
    (counts,) = answers
    assert {each["source"] for each in counts} == {"demo"}
    last = {}
    for at_us, system, _ in events():
        last[f"EVENT_SYSTEM_{system.upper()}"] = at_us
    assert {each["system"] for each in counts} == set(last)
    for each in counts:
        stamp = event_pb2.EventRecord().recorded_at
        stamp.FromJsonString(each["lastTime"])
        assert stamp.ToMicroseconds() == last[each["system"]]


def _how_many_there_were(answers: Answers) -> None:
    (counts,) = answers
    hours = [each for each in counts if "startTime" in each]
    types = [each for each in counts if "startTime" not in each]
    expected = Counter(
        ((at_us - START_US) // 3_600_000_000, f"EVENT_SYSTEM_{system.upper()}")
        for at_us, system, _ in events()
    )
    found = {(int(each["startTime"][11:13]), each["system"]): int(each["events"]) for each in hours}
    assert found == expected
    kinds = Counter(DIALECTS[system].facets(event).type for _, system, event in events())
    by_type: Counter[str] = Counter()
    for each in types:
        by_type[each["type"]] += int(each["events"])
    frequent = [int(each["events"]) for each in types]
    assert frequent == sorted(frequent, reverse=True)
    assert by_type == kinds


def _what_came_around(answers: Answers) -> None:
    (records,) = answers
    seqs = [int(each["seq"]) for each in records]
    assert seqs == list(range(112, 123))


def _when_feldera_was_unhealthy(answers: Answers) -> None:
    (versions,) = answers
    spans = [
        (each["object"]["recordedAt"][11:16], each["object"]["status"], each["changes"])
        for each in versions
        if "changes" in each
    ]
    away = {"oldJson": '"Healthy"', "newJson": '"Unhealthy"', "pointer": "/compiler/status"}
    begun = [place for place, (_, _, changes) in enumerate(spans) if away in changes]
    assert ("14:10", "14:16") in {(spans[place][0], spans[place - 1][0]) for place in begun}


def _what_mentions_oom(answers: Answers) -> None:
    (records,) = answers
    expected = [
        event
        for _, system, event in events()
        if any("OOM" in text for text in DIALECTS[system].facets(event).text)
    ]
    assert sum(len(each["events"]) for each in records) == len(expected) > 0


def _what_changed_in_web(answers: Answers) -> None:
    (versions,) = answers
    assert len(versions) == 2
    back, there = (
        {each["pointer"]: (each["oldJson"], each["newJson"]) for each in version["changes"]}
        for version in versions
    )
    image = "/TaskGroups/0/Tasks/0/Config/image"
    assert there[image] == ('"shop/web:1.8"', '"shop/web:1.9"')
    assert back[image] == ('"shop/web:1.9"', '"shop/web:1.8"')
    assert there["/Version"] == ("8", "9")


def _what_the_cluster_looked_like(answers: Answers) -> None:
    (found,) = answers
    nodes = [each for each in found if each["kind"] == "node"]
    allocations = [each for each in found if each["kind"] == "allocation"]
    assert len(nodes) + len(allocations) == len(found)
    state: dict[tuple[str, str], Any] = {}
    for at_us, system, event in events():
        if at_us <= at("14:02") and system == "nomad":
            for each in DIALECTS[system].facets(event).objects:
                state[each.kind, each.id] = each
    present = [each for each in state.values() if not each.deleted]
    ready = {each.name for each in present if (each.kind, each.status) == ("node", "ready")}
    running = {e.id for e in present if (e.kind, e.status) == ("allocation", "running")}
    assert {each["name"] for each in nodes} == ready
    assert "nomad-2" not in ready
    assert {each["id"] for each in allocations} == running
    assert all(len(each["parents"]) >= 2 for each in allocations)


def _what_came_at_last(answers: Answers) -> None:
    (records,) = answers
    assert len(records) == 50
    seqs = [int(each["seq"]) for each in records]
    assert seqs == sorted(seqs, reverse=True)


def _which_others_failed(answers: Answers) -> None:
    (records,) = answers
    failed = [
        each.id
        for _, system, event in events()
        if system == "nomad"
        for each in DIALECTS[system].facets(event).objects
        if (each.kind, each.status) == ("allocation", "failed")
        and ("job", "web") not in each.parents
    ]
    payloads = [event["nomad"]["Payload"] for each in records for event in each["events"]]
    assert [each["Allocation"]["ID"] for each in payloads] == failed


NAMES = {"nomad", "consul", "dockerCloud", "puppet", "feldera", "cloudEvent"}

ANSWERED: dict[int, Callable[[Answers], None]] = {
    1: _what_happened_to_web,
    2: _which_allocations_failed,
    3: _who_fired_deploy_web,
    4: _how_puppet_jobs_ended,
    5: _what_came_last,
    6: _how_many_there_were,
    7: _what_came_around,
    8: _when_feldera_was_unhealthy,
    9: _what_mentions_oom,
    10: _what_changed_in_web,
    11: _what_the_cluster_looked_like,
    12: _what_came_at_last,
    13: _which_others_failed,
}


@pytest.mark.parametrize("number", sorted(ANSWERED))
def test_each_question_is_answered_alike_by_http_and_grpc_and_right(
    day: Server, number: int
) -> None:
    answers = asked(day, number)
    ANSWERED[number](answers)
    assert all(answers)


def test_each_question_is_one_request_and_one_command() -> None:
    commands = {
        number: [line for line in lines if line.startswith("tidings ")]
        for number, lines in QUESTIONS.items()
    }
    assert {number: len(targets_of(number)) for number in QUESTIONS} == dict.fromkeys(QUESTIONS, 1)
    assert {number: len(lines) for number, lines in commands.items()} == dict.fromkeys(QUESTIONS, 1)


def asked_by_commands(server: Server, number: int) -> list[list[Any]]:
    """Return what the commands of a question print as JSON, after they printed it for people."""
    found = []
    for line in QUESTIONS[number]:
        if not line.startswith("tidings "):
            continue
        words = shlex.split(line)[1:]
        for more in ([], ["-o", "json"]):
            done = tidings(*words, *more, TIDINGS_UPSTREAM=server.grpc)
            assert (done.returncode, done.stderr) == (0, "")
            assert done.stdout
        found.append(json.loads(done.stdout))
    return found


def place_of(part: dict[str, Any]) -> object:
    """Return what tells a record, version, object or count from others, and how many it counts."""
    if "events" not in part or isinstance(part["events"], list):
        state = part.get("object", part)
        return (state["seq"], state.get("id"), part.get("changes"))
    system = part.get("system", "").removeprefix("EVENT_SYSTEM_").lower()
    start = part.get("startTime") or part.get("from") or ""
    start_us = datetime.fromisoformat(start).timestamp() if start else 0
    return (start_us, system, part.get("type", ""), part.get("source", ""), int(part["events"]))


@pytest.mark.parametrize("number", sorted(ANSWERED))
def test_each_question_is_answered_by_commands_as_by_http(day: Server, number: int) -> None:
    by_http = [parts_of(over_http(day, target)) for target in targets_of(number)]
    by_command = asked_by_commands(day, number)
    assert len(by_command) == len(by_http)
    for theirs, ours in zip(by_http, by_command, strict=True):
        ordered = number in ORDERED
        wanted, found = [place_of(part) for part in theirs], [place_of(part) for part in ours]
        assert found == wanted if ordered else sorted(map(str, found)) == sorted(map(str, wanted))


ORDERED = {1, 2, 3, 7, 8, 9, 10, 12, 13}
"""Questions whose answers are in the order of the log; people read the others in another one."""
