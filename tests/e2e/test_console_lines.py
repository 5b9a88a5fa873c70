"""Lines of the console: each kind of filter, and those for what is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e.browser import Browser
from tests.kit.server import Server, nomad_line, serving
from tests.patience import until

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

KEYS_ARE = """(wanted) => {
    const found = [...document.querySelectorAll(".rows .body .row .id")].map((e) => e.textContent);
    return found.join() === wanted.join();
}"""


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of events that differ in namespace and source; tests only read it."""
    with serving(tmp_path_factory.mktemp("mixed") / "data") as server:
        server.publish_nomad([nomad_line(1), nomad_line(2, namespace="team")], "?source=east")
        server.publish_nomad([nomad_line(3), nomad_line(4, text="rollback of web")], "?source=west")
        yield server


def test_a_line_says_when_what_and_where(browser: Browser, server: Server) -> None:
    server.publish_nomad([nomad_line(1, namespace="team", text="is slow")], "?source=east")
    fired = json.dumps({"Name": "deploy", "Payload": "djEy", "ServiceFilter": "web"}).encode()
    status, _, _ = server.request("POST", "/v1/publish/consul?source=dc1", fired)
    assert status == 200
    records = json.loads(server.request("GET", "/v1/records")[2])["records"]
    browser.open(f"http://{server.http}/", timezone_id="UTC")
    browser.sees(".rows .row", "key-1")
    heads = browser.texts(".rows [role=columnheader]")
    assert heads == ["Time", "System", "Type", "What", "Where", "Source"]
    lines = [
        ["Consul", "deploy", "v12", "service web", "dc1"],
        ["Nomad", "JobRegistered", "key-1", "Job \u00b7 is slow", "team", "east"],
    ]
    for place, (record, wanted) in enumerate(zip(records[::-1], lines, strict=True), 1):
        row = f".rows .body .row:nth-child({place})"
        time = record["events"][0].get("occurredAt", record["recordedAt"])
        cells = browser.texts(f"{row} > *")
        assert cells[0].endswith(time[11:23])
        assert " ".join(" ".join(cells[1:]).split()) == " ".join(wanted)
    assert browser.problems() == []


@pytest.mark.parametrize(
    ("value", "chip", "keys"),
    [
        ("key-3", "Identifier: job/key-3", ["key-3"]),
        ("team", "Namespace: team", ["key-2"]),
        ("west", "Source: west", ["key-4", "key-3"]),
    ],
)
def test_a_click_on_a_value_filters_by_it(
    browser: Browser, mixed: Server, value: str, chip: str, keys: list[str]
) -> None:
    browser.open(f"http://{mixed.http}/")
    browser.until(KEYS_ARE, ["key-4", "key-3", "key-2", "key-1"])
    browser.click(f".rows .value:text-is('{value}') >> nth=0")
    browser.sees(".chips", chip)
    browser.until(KEYS_ARE, keys)
    browser.click(".chips button")
    browser.until(KEYS_ARE, ["key-4", "key-3", "key-2", "key-1"])
    assert browser.problems() == []


@pytest.mark.parametrize(
    ("kind", "value", "keys"),
    [
        ("identifier", "job/key-1", ["key-1"]),
        ("namespace", "team", ["key-2"]),
        ("source", "east", ["key-2", "key-1"]),
        ("text", "rollback", ["key-4"]),
    ],
)
def test_a_filter_may_be_typed(
    browser: Browser, mixed: Server, kind: str, value: str, keys: list[str]
) -> None:
    browser.open(f"http://{mixed.http}/")
    browser.tell("select_option", ".add select", kind)
    browser.fill(".add input", value)
    browser.press(".add input", "Enter")
    browser.until(KEYS_ARE, keys)
    assert browser.problems() == []


def trimmed_through(server: Server) -> str | None:
    """Return the position up to which records of Nomad were removed, if any were."""
    systems = json.loads(server.request("GET", "/v1/log/status")[2])["systems"]
    (nomad,) = (each for each in systems if each["system"] == "EVENT_SYSTEM_NOMAD")
    through: str | None = nomad.get("trimmedThroughSeq")
    return through


def test_what_retention_has_taken_is_a_line_of_its_own(browser: Browser, server: Server) -> None:
    server.publish_nomad([nomad_line(1)])
    browser.open(f"http://{server.http}/")
    browser.sees(".rows .row", "key-1")
    browser.tell("offline", is_offline=True)
    server.children()["gateway"].kill()  # ends the stream, which the network does not
    browser.sees(".state.waiting")
    server.publish_nomad([nomad_line(number) for number in range(2, 501)])
    assert server.stop() == 0
    server.flags = ["--retention-records=100", "--retention-apply"]
    server.start()
    through = until(lambda: trimmed_through(server), "retention took records")
    browser.tell("offline", is_offline=False)
    browser.sees(".rows .row", "key-500")
    browser.press(".rows", "End")
    browser.sees(".rows .row.gap", f"Gap: Nomad 3 to {through}, removed by retention")
    assert browser.problems(is_cut_off=True) == []
    browser.open(f"http://{server.http}/")
    browser.sees(".rows .row", "key-500")
    browser.press(".rows", "End")
    browser.sees(".rows .row.gap", f"Gap: Nomad 2 to {through}, removed by retention")
    browser.tell("goto", f"http://{server.http}/#/recorder")
    browser.sees(".recorder td", through)
    assert browser.problems() == []
