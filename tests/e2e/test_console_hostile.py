"""Texts that a page could take for something else, in every place of every view."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.e2e.browser import Browser
from tests.kit.server import Server, nomad_line, serving

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

UUID = "2a0b1c1d-0a1b-4c1d-8a1b-0a1b0c1d0a1b"
EVIL = "</script><img src=x onerror='window.hacked = 1'>\u202e\x1b[31m javascript:window.hacked=1"
# An identifier of characters that mean something in an address.
ODD = "team/a?b#c%2Fd 100% caf\u00e9&x=1+1"


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose log holds such texts wherever its systems take them."""
    with serving(tmp_path_factory.mktemp("evil") / "data") as server:
        publish(server)
        yield server


def publish(server: Server) -> None:
    node = {"ID": UUID, "Name": EVIL, "Status": EVIL, "Datacenter": EVIL}
    job = {"ID": EVIL, "Name": EVIL, "Status": EVIL}
    allocation = {"ID": EVIL, "Name": EVIL, "JobID": EVIL, "NodeID": UUID, "ClientStatus": EVIL}
    odd = {"ID": ODD, "Status": "running"}
    for index, (topic, key, value) in enumerate(
        (
            ("Node", EVIL, node),
            ("Job", EVIL, job),
            ("Allocation", EVIL, allocation),
            ("Job", ODD, odd),
        ),
        1,
    ):
        event = {"Topic": topic, "Type": EVIL, "Key": key, "Namespace": EVIL, "Index": index}
        line = {"Index": index, "Events": [event | {"Payload": {topic: value}}]}
        server.publish_nomad([json.dumps(line).encode()])
    puppet = {"type": "node_running", "job": "1", "message": EVIL, "details": {"node": EVIL}}
    feldera = dict.fromkeys(("api_status", "compiler_status", "runner_status"), "Unhealthy")
    feldera |= {"api_self_info": EVIL}
    cloud = {"type": "service", "action": "create", "resource_uri": "/a/b/", "state": EVIL}
    for system, item in (
        ("puppet", puppet | {"timestamp": "2026-01-01T00:00:00Z"}),
        ("feldera", feldera),
        ("docker-cloud", cloud),
        ("consul", {"Name": EVIL, "ServiceFilter": ".*"}),
    ):
        status, _, body = server.request("POST", f"/v1/publish/{system}", json.dumps(item).encode())
        assert status == 200, body


@pytest.mark.parametrize(
    ("where", "selector"),
    [
        ("#/live", ".rows .what"),
        ("#/time?by=type", ".legend"),
        ("#/state", ".node"),
        (f"#/object?system=nomad&kind=job&id={quote(EVIL)}", ".history h2"),
        ("#/puppet?job=1", ".runs td"),
        ("#/cloud", ".objects li"),
        ("#/consul", ".rows .row"),
        ("#/feldera", ".strip"),
        (f"#/live?type={quote(EVIL)}", ".chips"),
    ],
)
def test_no_text_is_more_than_a_text(
    browser: Browser, evil: Server, where: str, selector: str
) -> None:
    browser.open(f"http://{evil.http}/{where}")
    browser.sees(selector)
    browser.idle()
    assert browser.texts("main img, main script, main a[href^=javascript]") == []
    assert browser.evaluate("() => window.hacked") is None
    assert browser.problems() == []


def test_members_that_are_no_texts_stop_nothing(browser: Browser, server: Server) -> None:
    job = {"ID": "web", "Name": {"a": 1}, "Status": 7, "JobID": ["b"], "Datacenter": None}
    allocation = {"ID": UUID, "NodeName": [1], "NodeID": 5, "ClientStatus": {"c": "d"}}
    for index, (topic, value) in enumerate((("Job", job), ("Allocation", allocation)), 1):
        event = {"Topic": topic, "Type": "Odd", "Key": "odd", "Index": index}
        line = {"Index": index, "Events": [event | {"Payload": {topic: value}}]}
        server.publish_nomad([json.dumps(line).encode()])
    server.publish_nomad([nomad_line(3)])
    browser.open(f"http://{server.http}/")
    browser.sees(".rows .row", "key-3")
    browser.sees(".rows .what", "Job \u00b7 odd")
    for topic in ("Job", "Allocation"):
        browser.click(f".rows .row:has(.what:has-text('{topic} \u00b7 odd'))")
        browser.sees(".record .tree", topic)
    for where in ("#/object?system=nomad&kind=job&id=odd", "#/state"):
        browser.tell("goto", f"http://{server.http}/{where}")
        browser.sees("main section")
        browser.idle()
    assert browser.problems() == []


def test_an_object_is_found_whatever_its_id_is(browser: Browser, evil: Server) -> None:
    browser.open(f"http://{evil.http}/#/live?identifier={quote(f'job/{ODD}', safe='')}")
    browser.sees(".rows .body .row")
    for key in ("ArrowDown", "Enter"):
        browser.press(".rows", key)
    browser.click(f".record .chips a:has-text('history of job {ODD}')")
    browser.sees(".history h2", f"Nomad job {ODD}")
    browser.sees(".versions li", "The oldest that the log holds.")
    browser.tell("goto", f"http://{evil.http}/#/object")
    browser.fill("input[name=kind]", "job")
    browser.fill("input[name=id]", ODD)
    browser.click("form button")
    browser.sees(".history h2", f"Nomad job {ODD}")
    assert browser.problems() == []
