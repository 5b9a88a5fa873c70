"""The console's views of Feldera, Consul, Puppet and Docker Cloud."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

import pytest

from tests.e2e.browser import TONES, Browser
from tests.kit.server import Server

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300), pytest.mark.own_store]

PARTS = ("api", "compiler", "runner")
SPAN_S = 72 * 3600
# Of each part the pieces of its strip: status, tone of its colour, and where it begins and ends.
STRIPS = (
    f"() => {{ const tones = {TONES};"
    """
    return [...document.querySelectorAll(".pieces")].map((whole) => {
        const { left, width } = whole.getBoundingClientRect();
        return [...whole.querySelectorAll("i")].map((piece) => {
            const at = piece.getBoundingClientRect();
            const tone = tones[getComputedStyle(piece).backgroundColor];
            const ends = [at.left, at.right].map((x) => (x - left) / width);
            return [piece.title.split(" ")[0], tone, ...ends];
        });
    });
}"""
)
# What each line of a tree says without those below it, after how many lie above it.
TREE = """() => [...document.querySelectorAll(".objects li")].map((line) => {
    let depth = 0;
    for (let e = line.parentElement.closest("li"); e; e = e.parentElement.closest("li")) depth += 1;
    const own = [".kind", "span:not(.kind)"].map((part) => line.querySelector(part).textContent);
    return [depth, ...own];
})"""


def asked(server: Server, path: str) -> Any:
    return json.loads(server.request("GET", path)[2])


def at_s(event: dict[str, str]) -> float:
    return datetime.fromisoformat(event["recorded_at"]).timestamp()


def pieces_of(part: str, events: list[dict[str, str]], now_s: float) -> list[tuple[str, float]]:
    """Return each status of a part, with where in 72 hours it began; events are oldest first."""
    found: list[tuple[str, float]] = []
    for event in events:
        status = event[f"{part}_status"]
        if not found or found[-1][0] != status:
            found.append((status, 1 - (now_s - at_s(event)) / SPAN_S))
    return found


def test_feldera_shows_each_part_and_what_it_said(browser: Browser, day: Server) -> None:
    events = asked(day, "/v0/cluster/events")[::-1]
    browser.open(f"http://{day.http}/#/feldera")
    browser.sees(".strip", "compiler")
    assert browser.texts(".strip figcaption b") == [*PARTS]
    for part, strip in zip(PARTS, browser.evaluate(STRIPS), strict=True):
        pieces = pieces_of(part, events, time.time())
        assert [status for status, *_ in strip] == [status for status, _ in pieces]
        ends = [*(start for _, start in pieces[1:]), 1.0]
        for (status, start), end, (_, tone, left, right) in zip(pieces, ends, strip, strict=True):
            assert tone == {"Healthy": "good", "Unhealthy": "bad"}[status]
            assert (left, right) == pytest.approx((start, end), abs=0.004)
    labels = browser.evaluate(
        "() => [...document.querySelectorAll('.pieces')].map((each) => each.ariaLabel)"
    )
    assert labels[0] == "api: Healthy, healthy for 100.0 % of what is known"
    assert labels[1].startswith("compiler: Healthy, healthy for 9")  # of 41 hours at most
    assert len(browser.texts("[aria-label=Changes] tbody tr")) == len(
        pieces_of("compiler", events, 0)
    )
    browser.click("tr:has(td:text-is('Unhealthy')) button >> nth=0")
    browser.sees(".infos dt", "compiler Unhealthy")
    ill = next(
        event
        for event, older in zip(events[::-1], events[-2::-1], strict=False)
        if event["compiler_status"] != "Healthy" and older["compiler_status"] == "Healthy"
    )
    told = asked(day, f"/v0/cluster/events/{ill['id']}?selector=all")
    assert browser.texts(".infos dd bdi") == [
        text
        for part in PARTS
        for kind in ("self", "resources")
        if (text := told[f"{part}_{kind}_info"])
    ]
    assert browser.problems() == []


def test_consul_fires_an_event_that_comes_back(browser: Browser, server: Server) -> None:
    browser.open(f"http://{server.http}/#/consul")
    browser.click(".fire summary")
    browser.fill(".fire input[name=name]", "deploy/web app")
    browser.fill(".fire textarea", "v12 \u2713")
    browser.fill(".fire input[name=service]", "web-.*")
    browser.click(".fire button")
    browser.sees(".fire p", "Fired deploy/web app")
    browser.sees(".rows .row", "v12 \u2713")
    browser.sees(".rows .row", "service web-.*")
    browser.fill(".fire input[name=name]", "deploy")
    browser.fill(".fire input[name=service]", "(")
    browser.click(".fire button")
    browser.sees(".fire p.problem", "Invalid service filter")
    assert browser.problems() == []


def test_puppet_shows_how_a_job_went_on_each_node(browser: Browser, day: Server) -> None:
    items = asked(day, "/orchestrator/v1/jobs/352/events")["items"]
    ended = {
        each["details"]["node"]: each["type"].removeprefix("node_")
        for each in items
        if each["type"].startswith("node_")
    }
    browser.open(f"http://{day.http}/#/puppet")
    browser.sees(".jobs td", "1 errored, 1 failed, 3 finished")
    numbers = [int(text) for text in browser.texts(".jobs td:first-child")]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == len(asked(day, "/v1/objects?systems=puppet&kinds=job")["objects"])
    browser.click("tr:has-text('1 errored') a >> nth=0")
    browser.sees(".runs td", "errored")
    shown = zip(
        browser.texts(".runs td:first-child"),
        browser.texts(".runs td:last-child span"),
        browser.evaluate(STRIPS),
        strict=True,
    )
    tones = {"finished": "good", "failed": "bad", "errored": "bad"}
    for node, outcome, ((_, tone, left, right),) in shown:
        assert outcome == ended.pop(node)
        assert tone == tones[outcome]
        assert 0 <= left < right < 1  # the job ends after its last node
    assert ended == {}
    browser.sees("section p", items[-1]["message"])
    browser.click(".runs ~ h2 button, h2 button")
    browser.until("() => !document.querySelector('.runs') && location.hash === '#/puppet'")
    assert browser.problems() == []


def test_docker_cloud_shows_containers_below_their_services(browser: Browser, day: Server) -> None:
    browser.open(f"http://{day.http}/#/cloud")
    browser.sees(".objects li", "container")
    lines = browser.evaluate(TREE)
    assert lines[:4] == [
        [0, "stack", "Running"],
        [1, "service", "Running"],
        [2, "container", "Running"],
        [2, "container", "Running"],
    ]
    assert {(depth, kind) for depth, kind, _ in lines[4:-2]} == {(2, "action")}
    assert lines[-2:] == [[0, "nodecluster", "Deployed"], [1, "node", "Deployed"]]
    browser.sees(".objects > li > ul > li > ul > li .good", "Running")
    browser.click(".objects a >> nth=0")
    browser.sees("h2", "Docker Cloud stack")
    assert browser.problems() == []
