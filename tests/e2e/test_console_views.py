"""The console's views over the simulated day, in a real Chromium."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import NpmClients
from tests.e2e.browser import Browser
from tests.kit.server import Server

# What makes the page wider than its window, if it is.
WIDER = """() => document.documentElement.scrollWidth <= innerWidth ? []
    : [...document.querySelectorAll("body *")]
        .filter((each) => each.getBoundingClientRect().right > innerWidth)
        .map((each) => each.outerHTML.slice(0, 100))"""

Paths = dict[str, dict[str, dict[str, Any]]]

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300), pytest.mark.own_store]


def views(span: str) -> list[str]:
    return [
        "#/live?system=puppet&system=consul&record=180",
        f"#/time?{span}&by=source",
        f"#/state?at={span[5:15]}T12:00:00Z",
        "#/object?system=nomad&kind=job&id=web",
        "#/puppet?job=352",
        "#/cloud",
        "#/consul?type=cache-flush",
        "#/feldera",
        "#/recorder",
    ]


def operation_of(paths: Paths, method: str, path: str) -> dict[str, Any]:
    """Return the operation that a request is; a path without variables goes first."""
    fitting = [
        template
        for template in sorted(paths, key=lambda each: "{" in each)
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", ".+", re.escape(template)), path)
    ]
    assert fitting, path
    return paths[fitting[0]][method.lower()]


def test_every_request_is_of_the_public_api(browser: Browser, day: Server, span: str) -> None:
    browser.open(f"http://{day.http}/")
    for where in views(span):
        browser.tell("goto", f"http://{day.http}/{where}")
        browser.sees("main section", "Consul" if "live" in where else "")
        browser.idle()
    paths = json.loads(day.request("GET", "/openapi.json")[2])["paths"]
    requests = browser.report()["requests"]
    assert len({urlsplit(url).path for _, url in requests}) > 30
    for method, url in requests:
        parts = urlsplit(url)
        assert parts.netloc == day.http
        said = {each["name"] for each in operation_of(paths, method, parts.path)["parameters"]}
        asked = {part.partition("=")[0] for part in parts.query.split("&") if part}
        assert asked <= said, url
    assert browser.problems() == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
@pytest.mark.parametrize("view", range(9))
def test_nothing_keeps_people_out(
    browser: Browser,
    day: Server,
    span: str,
    npm_clients: NpmClients,
    view: int,
    width: int,
    scheme: str,
) -> None:
    size = {"width": width, "height": 800}
    browser.open(f"http://{day.http}/{views(span)[view]}", color_scheme=scheme, viewport=size)
    browser.sees("main")
    browser.idle()
    assert browser.evaluate(WIDER) == []
    found = browser.tell("axe", str(npm_clients.modules / "axe-core/axe.min.js"))
    serious = [
        (each["id"], [node["html"][:200] for node in each["nodes"]])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert browser.problems() == []


PICTURES = {
    "live": "#/live?record=180",
    "time": "#/time?{span}",
    "state": "#/state?at={noon}",
    "object": "#/object?system=nomad&kind=job&id=web",
    "puppet": "#/puppet?job=352",
    "docker-cloud": "#/cloud",
    "consul": "#/consul",
    "feldera": "#/feldera",
    "recorder": "#/recorder",
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_view_has_its_picture_in_the_docs(
    browser: Browser, day: Server, span: str, noon: str, root: Path, name: str
) -> None:
    folder = root / "build/console"
    folder.mkdir(parents=True, exist_ok=True)
    size = {"width": 1120, "height": 640}
    where = PICTURES[name].format(span=span, noon=noon)
    browser.open(f"http://{day.http}/{where}", viewport=size, color_scheme="light")
    browser.sees("main section", " ")
    browser.idle()
    browser.until("() => !document.querySelector('.facts')?.textContent.includes('\u2026')")
    browser.tell("screenshot", path=str(folder / f"{name}.png"))
    # Other pixels each day, since the simulated one is yesterday; the docs' are copies of these.
    kept = root / "docs/console" / f"{name}.png"
    assert header_of(kept) == header_of(folder / f"{name}.png")
    assert f"](console/{name}.png)" in (root / "docs/console.md").read_text()
    assert browser.problems() == []


def header_of(picture: Path) -> bytes:
    """Return the beginning of a PNG, which says how large it is."""
    return picture.read_bytes()[:24]
