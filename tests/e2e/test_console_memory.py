"""What the console keeps does not grow with what it has seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count

import pytest

from tests.e2e.browser import Browser
from tests.kit.server import Server, nomad_line

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

IS_LIVE = "() => document.querySelector('.state.live') !== null"
NOTE_WAITING = """() => {
    window.hasWaited = false;
    const changes = new MutationObserver(() => {
        window.hasWaited ||= document.querySelector(".state.waiting") !== null;
    });
    changes.observe(document.body, { attributes: true, childList: true, subtree: true });
}"""
"""For a state that may be over before anybody looks."""
WINDOW = 25_000  # more than the lines that are kept while the newest are looked at
AT_ONCE = 2500


def publish(browser: Browser, server: Server, numbers: Iterator[int]) -> None:
    """Publish as many events as the page may keep, and wait until it has taken in the last."""
    for _ in range(0, WINDOW, AT_ONCE):
        lines = [nomad_line(next(numbers), text="x" * 500) for _ in range(AT_ONCE - 1)]
        last = next(numbers)
        server.publish_nomad([*lines, nomad_line(last)])
        browser.sees(".rows .row", f"key-{last}")


def test_a_page_keeps_no_more_however_much_has_come(browser: Browser, server: Server) -> None:
    browser.open(f"http://{server.http}/")
    browser.until(IS_LIVE)
    numbers = count(1)
    publish(browser, server, numbers)
    before = browser.memory()
    publish(browser, server, numbers)
    after = browser.memory()
    assert after.bytes < 1.15 * before.bytes
    assert after.nodes < 1.15 * before.nodes
    assert after.listeners < 1.15 * before.listeners
    assert browser.problems() == []


def test_a_line_is_small_however_large_its_event_is(browser: Browser, server: Server) -> None:
    browser.open(f"http://{server.http}/")
    browser.until(IS_LIVE)
    before = browser.memory()
    long = "x" * 2**20
    job = {"ID": "big", "Name": long, "JobID": long, "Datacenter": long}
    event = {"Topic": "Job", "Type": "Large", "Key": "big", "Index": 1, "Payload": {"Job": job}}
    for _ in range(10):
        server.publish_nomad([json.dumps({"Index": 1, "Events": [event]}).encode()])
    server.publish_nomad([nomad_line(2)])
    browser.sees(".rows .row", "key-2")
    assert len([text for text in browser.texts(".rows .body .row") if "Large" in text]) == 10
    assert browser.memory().bytes < before.bytes + 2**20
    assert browser.problems() == []


def test_a_page_that_waits_for_the_server_keeps_no_more_of_each_attempt(
    browser: Browser, server: Server
) -> None:
    browser.open(f"http://{server.http}/")
    browser.until(IS_LIVE)
    before = browser.memory()
    for _ in range(3):
        browser.evaluate(NOTE_WAITING)
        server.children()["gateway"].kill()
        browser.until("() => window.hasWaited")
        browser.until(IS_LIVE)
    assert browser.memory().listeners <= before.listeners
    assert browser.problems(is_cut_off=True) == []
