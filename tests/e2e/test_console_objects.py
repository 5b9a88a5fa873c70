"""The console's views of objects: what there was at a time, and how one of them changed."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.browser import TONES, Browser
from tests.kit.server import Server

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300), pytest.mark.own_store]

MOMENT = "() => new URLSearchParams(location.hash.split('?')[1]).get('at')"
IS_PAST = f"(moment) => ({MOMENT})() > moment"
IS_AT = f"(moment) => ({MOMENT})() === moment"
ENDS_REPLAY = "() => !document.querySelector('[aria-label=Replay] [aria-pressed=true]')"
# What each node holds: of its tiles the text, the status and the tone of their colour.
NODES = (
    f"() => {{ const tones = {TONES};"
    """
    return [...document.querySelectorAll(".node")].map((node) => [
        node.querySelector("h3").textContent,
        [...node.querySelectorAll(".tile")].map((tile) => [
            tile.textContent, tile.title.split(", ")[1], tones[getComputedStyle(tile).color],
        ]),
    ]);
}"""
)
TONE_OF = {"running": "good", "failed": "bad", "lost": "bad"}


def asked(server: Server, path: str) -> Any:
    return json.loads(server.request("GET", path)[2])


def parent(allocation: dict[str, Any], kind: str) -> str:
    parents: list[str] = allocation["parents"]
    return next(each.removeprefix(f"{kind}/") for each in parents if each.startswith(kind))


def is_shown(allocation: dict[str, Any], noon: str) -> bool:
    """Return whether it runs, or has failed in the hour before."""
    age = datetime.fromisoformat(noon) - datetime.fromisoformat(allocation["recordedAt"])
    status = allocation["status"]
    return status == "running" or (status != "complete" and age < timedelta(hours=1))


def test_state_shows_nodes_as_they_were(browser: Browser, day: Server, noon: str) -> None:
    kinds = "kinds=node&kinds=allocation&page_size=10000"
    objects = asked(day, f"/v1/objects?systems=nomad&at={noon}&{kinds}")["objects"]
    nodes = {each["id"]: each for each in objects if each["kind"] == "node"}
    shown = [each for each in objects if each["kind"] == "allocation" and is_shown(each, noon)]
    browser.open(f"http://{day.http}/#/state?at={noon}")
    browser.sees(".node", "nomad-1")
    found = browser.evaluate(NODES)
    assert [name for name, _ in found] == [
        f"{each['name']} {each['status']}"
        for each in sorted(nodes.values(), key=lambda each: int(each["name"].partition("-")[2]))
    ]
    assert Counter((node, *tile) for node, tiles in found for tile in tiles) == Counter(
        (
            f"{nodes[parent(each, 'node')]['name']} ready",
            parent(each, "job"),
            each["status"],
            TONE_OF[each["status"]],
        )
        for each in shown
    )
    statuses = Counter(each["status"] for each in shown)
    assert browser.text(".state-view p") == (
        f"{len(nodes)} nodes, {len(shown)} allocations: "
        f"{statuses['running']} running, {statuses['failed']} failed"
    )
    browser.press(".slider input", "Home")
    browser.sees(".state-view p", "0 nodes, 0 allocations")
    browser.tell("go_back")
    browser.sees(".node", "nomad-1")
    browser.click(".node .tile >> nth=0")
    browser.sees(".versions li", "Allocation")
    assert browser.problems() == []


def test_state_is_played_back(browser: Browser, day: Server, noon: str) -> None:
    hour = noon[:13]
    browser.open(f"http://{day.http}/#/state?at={noon}")
    browser.sees(".node", "nomad-1")
    began_s = time.monotonic()
    browser.click("[aria-label=Replay] button:text-is('60\u00d7')")
    browser.until(IS_PAST, f"{hour}:01:59")
    assert time.monotonic() - began_s >= 2, "two minutes take two seconds"
    assert browser.evaluate(MOMENT)[16:] == ":00.000Z"
    browser.click("[aria-label=Replay] button:text-is('900\u00d7')")
    browser.until(IS_PAST, f"{hour}:30")
    browser.click("[aria-label=Replay] button:text-is('900\u00d7')")
    browser.until(ENDS_REPLAY)
    for button, moment in (("+1 h", "13:00"), ("\u22121 min", "12:59"), ("+1 min", "13:00")):
        if button == "+1 h":
            browser.tell("goto", f"http://{day.http}/#/state?at={noon}")
        browser.click(f".slider button:text-is('{button}')")
        browser.until(IS_AT, f"{noon[:11]}{moment}:00.000Z")
    browser.click(".slider button:text-is('Now')")
    browser.until("() => location.hash === '#/state'")
    browser.sees(".slider output", "now")
    now = datetime.now(UTC) - timedelta(seconds=1)
    browser.tell("goto", f"http://{day.http}/#/state?at={now:%FT%TZ}")
    browser.click("[aria-label=Replay] button:text-is('60\u00d7')")
    browser.until(ENDS_REPLAY)  # the future cannot be played
    assert browser.problems() == []


def nomad(index: int, topic: str, kind: str, **members: object) -> bytes:
    """Return a line of Nomad's that carries an object."""
    event = {"Topic": topic, "Type": kind, "Key": members["ID"], "Index": index}
    return json.dumps({"Index": index, "Events": [event | {"Payload": {topic: members}}]}).encode()


def test_state_shows_what_is_down_and_what_is_on_no_node(browser: Browser, server: Server) -> None:
    lines = [
        nomad(1, "Node", "NodeEvent", ID="a", Name="node-10", Status="down"),
        nomad(2, "Node", "NodeEvent", ID="b", Name="node-9", Status="ready"),
        *(
            nomad(number, "Allocation", "AllocationUpdated", ID=str(number), ClientStatus=status)
            for number, status in enumerate(("pending", "running", "complete", "lost"), 3)
        ),
    ]
    server.publish_nomad(lines)
    browser.open(f"http://{server.http}/#/state")
    browser.sees(".node", "On an unknown node")
    assert [name for name, _ in browser.evaluate(NODES)] == [
        *("node-9 ready", "node-10 down", "On an unknown node")
    ]
    assert browser.texts(".node.bad h3") == ["node-10 down"]
    server.publish_nomad([nomad(9, "Node", "NodeEvent", ID="c", Name="node-11", Status="ready")])
    browser.sees(".node", "node-11")  # what is now is read again and again
    tiles = [tile[1:] for tile in browser.evaluate(NODES)[3][1]]
    assert sorted(tiles) == [["lost", "bad"], ["pending", "busy"], ["running", "good"]]
    assert browser.problems() == []


def change_of(change: dict[str, str]) -> str:
    old, new = change.get("oldJson", ""), change.get("newJson", "")
    return " ".join([change["pointer"], old, new])


def test_object_shows_what_changed_and_what_it_was(browser: Browser, day: Server) -> None:
    browser.open(f"http://{day.http}/#/object")
    browser.sees(".history p", "Name an object")
    browser.fill("input[name=kind]", "job")
    browser.fill("input[name=id]", "web")
    browser.click("form button")
    browser.sees(".versions code", "/TaskGroups/0/Count")
    path = "/v1/objects/nomad/job/web/history?changed_only=true&view=OBJECT_VIEW_FULL"
    versions = asked(day, path)["versions"]
    assert len(browser.texts(".versions > li")) == len(versions)
    for place in range(len(versions)):
        shown = browser.texts(f".versions > li:nth-child({place + 1}) ul li")
        assert shown == [change_of(each) for each in versions[place].get("changes", [])]
    browser.sees(".versions del", "3")
    browser.sees(".versions ins", "6")
    newest, second, *_, oldest = (
        f"SubmitTime {json.loads(each['object']['valueJson'])['SubmitTime']}" for each in versions
    )
    last = len(versions) - 1
    for place, value in ((0, newest), (last, oldest)):
        browser.click(f".versions > li >> nth={place} >> button >> nth=0")
        browser.sees(".columns .tree .leaf", value)
    browser.press(".slider input", "End")
    browser.sees(".slider output", "the newest")
    browser.press(".slider input", "ArrowLeft")
    browser.sees(".columns .tree .leaf", second)
    browser.sees(".slider output", "1 before the newest")
    browser.press(".slider input", "Home")
    browser.sees(".columns .tree .leaf", oldest)
    assert browser.problems() == []


def test_links_lead_from_a_job_to_its_allocations_and_to_their_nodes(
    browser: Browser, day: Server
) -> None:
    parts = asked(day, "/v1/objects?systems=nomad&parents=job/web&page_size=10000")["objects"]
    browser.open(f"http://{day.http}/#/object?system=nomad&kind=job&id=web")
    browser.sees(".links .object", "web.web[0]")
    names = Counter(each["name"] for each in parts if each["kind"] == "allocation")
    texts = browser.evaluate(
        "() => [...document.querySelectorAll('.links a[href*=\"kind=allocation\"]')]"
        ".map((link) => link.textContent)"
    )
    assert Counter(texts) == names
    browser.click(".links .object:has-text('web.web[0]') >> nth=0")
    browser.sees("h2", "Nomad allocation web.web[0]")
    browser.sees(".links dd", "job web")
    browser.click(".links .object:has-text('node')")
    browser.sees("h2", "Nomad node")
    browser.click(".versions a >> nth=0")
    browser.sees(".record .tree", "Topic Node")
    assert browser.problems() == []


def test_all_versions_are_shown_page_by_page(browser: Browser, server: Server) -> None:
    many = {f"Member{number}": 1 for number in range(15)}
    nodes = [{"ID": "web", "Version": number // 2} for number in range(300)]
    nodes.append(nodes[-1] | many)
    lines = [nomad(at, "Node", "NodeEvent", **each) for at, each in enumerate(nodes, 1)]
    lines.append(nomad(999, "Node", "NodeDeregistration", **nodes[-1]))
    server.publish_nomad(lines)
    browser.open(f"http://{server.http}/#/object?system=nomad&kind=node&id=web")
    browser.sees(".history h2 .status", "deleted")
    shown = "(count) => document.querySelectorAll('.versions > li').length === count"
    older = ".history > button:text-is('Older versions')"
    browser.until(shown, 100)
    browser.click(older)
    browser.until(shown, 152)  # what was deleted, what got members, and 150 others
    assert browser.texts(".history > button") == []
    browser.sees(".versions > li:last-child", "The oldest that the log holds.")
    browser.click(".versions button:text-is('3 more')")
    browser.sees(".versions code", "/Member9")
    browser.click(".slider input[type=checkbox]")
    browser.until(shown, 100)
    for count in (200, 300, 302):
        browser.click(older)
        browser.until(shown, count)
    assert browser.problems() == []
