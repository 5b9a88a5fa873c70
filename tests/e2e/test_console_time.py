"""The console's histogram: what it counts, how it is painted, and how its span is changed."""

from __future__ import annotations

import json

import pytest

from tests.e2e.browser import Browser
from tests.e2e.charts import columns
from tests.kit.server import Server, nomad_line
from tests.patience import until

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300), pytest.mark.own_store]

ARE_WHOLE = """(selector) =>
    [...document.querySelectorAll(selector)].every((one) => one.scrollWidth <= one.clientWidth)"""
COLOURS = """() => {
    const swatch = document.querySelector(".legend li:has(a[href*=consul]) .swatch");
    const toggle = document.querySelector(".toggles .consul");
    return [getComputedStyle(swatch).backgroundColor, getComputedStyle(toggle).color];
}"""
# Whether the lines of the table are of the span that the address says.
FOLLOWS = """() => {
    const asked = new URLSearchParams(location.hash.split("?")[1]);
    const [from, until] = ["from", "until"].map((name) => Date.parse(asked.get(name)));
    const times = [...document.querySelectorAll(".rows time")].map((e) => Date.parse(e.dateTime));
    return times.length > 0 && times.every((time) => from <= time && time < until);
}"""
SWATCHES = """() => [...document.querySelectorAll(".legend .swatch")]
    .map((swatch) => getComputedStyle(swatch).backgroundColor.match(/\\d+/g).map(Number))"""
FROM, UNTIL = "2026-01-01T00:00:00Z", "2026-01-01T04:00:00Z"
SPAN = f"from={FROM}&until={UNTIL}"
SHOWN_MIN = 4 * 60 + 5  # with the last bar


def test_time_counts_what_there_was_and_a_mark_looks_closer(
    browser: Browser, day: Server, span: str
) -> None:
    browser.open(f"http://{day.http}/#/time?{span}")
    browser.sees(".legend", "Nomad")
    status = json.loads(day.request("GET", "/v1/records:count?group_by=COUNT_KEY_SYSTEM")[2])
    total = sum(int(each["events"]) for each in status["counts"])
    label = browser.evaluate("() => document.querySelector('.chart').getAttribute('aria-label')")
    assert label.startswith(f"{total:,} events: Nomad ")
    browser.sees(".rows time", " ")
    assert browser.evaluate(ARE_WHOLE, ".rows time"), "times with their date have room"
    swatch, toggle = browser.evaluate(COLOURS)
    assert swatch == toggle
    box = browser.evaluate(
        "() => { const b = document.querySelector('.u-over').getBoundingClientRect();"
        " return [b.left, b.top, b.width, b.height]; }"
    )
    left, top, width, height = box
    browser.drag((left + width / 4, top + height / 2), (left + width / 2, top + height / 2))
    browser.until("(span) => !location.hash.includes(span)", span)
    browser.until("(label) => document.querySelector('.chart').ariaLabel !== label", label)
    browser.until(FOLLOWS)
    browser.click(".bar button:text-is('by type')")
    browser.sees(".legend", "Healthy")
    browser.click(".legend a:text-is('Healthy')")
    browser.sees(".chips", "Type: Healthy")
    browser.until("() => !document.querySelector('.rows .nomad')")
    assert browser.problems() == []


def counts(**events: int) -> list[dict[str, str]]:
    """Return what was counted at a time, by system."""
    hour = events.pop("at")
    return [
        {
            "system": f"EVENT_SYSTEM_{name.upper()}",
            "startTime": f"2026-01-01T{hour:02}:00:00Z",
            "events": str(number),
        }
        for name, number in events.items()
    ]


def stacks(browser: Browser) -> list[list[int]]:
    """Return how high the groups are in the bars of one o'clock, two and three."""
    found = columns(browser, [(60 * hour + 2.5) / SHOWN_MIN for hour in (1, 2, 3)])
    colours = browser.evaluate(SWATCHES)
    return [[column[red, green, blue, 255] for red, green, blue in colours] for column in found]


def test_bars_are_as_high_as_what_is_counted(browser: Browser, server: Server) -> None:
    pages = [
        {"counts": counts(at=1, nomad=30, consul=10), "nextPageToken": "more"},
        {"counts": counts(at=2, nomad=10, consul=20)},
    ]
    browser.open(f"http://{server.http}/#/consul", color_scheme="light")
    browser.tell("stand_in", "**/v1/records:count*", [json.dumps(each) for each in pages])
    browser.tell("goto", f"http://{server.http}/#/time?{SPAN}")
    browser.sees(".legend", "Nomad 40")
    browser.sees(".legend", "Consul 30")
    first, second, none = stacks(browser)
    assert none == [0, 0]
    per_event = sum(first) / 40
    for (nomad, consul), (nomads, consuls) in ((first, (30, 10)), (second, (10, 20))):
        assert nomad == pytest.approx(nomads * per_event, abs=3)
        assert consul == pytest.approx(consuls * per_event, abs=3)
    browser.tell("emulate_media", color_scheme="dark")
    until(lambda: stacks(browser) == [first, second, none], "the chart is dark")
    browser.tell("set_viewport_size", {"width": 700, "height": 800})
    browser.until(
        "() => document.querySelector('.chart canvas').getBoundingClientRect().width"
        " === document.querySelector('.chart').clientWidth"
    )
    assert browser.problems() == []


def test_what_is_small_is_counted_together(browser: Browser, server: Server) -> None:
    found = [
        {"type": f"type-{number}", "startTime": FROM, "events": str(100 - number)}
        for number in range(10)
    ]
    browser.open(f"http://{server.http}/#/consul")
    browser.tell("stand_in", "**/v1/records:count*", [json.dumps({"counts": found})])
    browser.tell("goto", f"http://{server.http}/#/time?{SPAN}&by=type")
    browser.sees(".legend", "others")
    words = [text.split() for text in browser.texts(".legend li")]
    assert words == [
        *([f"type-{number}", str(100 - number)] for number in range(7)),
        ["others", str(93 + 92 + 91)],
    ]
    assert browser.problems() == []


@pytest.mark.parametrize(
    ("button", "wanted"),
    [
        ("[aria-label='Zoom in']", ("2026-01-01T01:00", "2026-01-01T03:00")),
        ("[aria-label='Zoom out']", ("2025-12-31T22:00", "2026-01-01T06:00")),
        ("[aria-label='Earlier']", ("2025-12-31T22:00", "2026-01-01T02:00")),
        ("[aria-label='Later']", ("2026-01-01T02:00", "2026-01-01T06:00")),
    ],
)
def test_buttons_change_the_span(
    browser: Browser, server: Server, button: str, wanted: tuple[str, str]
) -> None:
    browser.open(f"http://{server.http}/#/time?{SPAN}")
    browser.press(button, "Enter")
    browser.until("(from) => !location.hash.includes(from)", SPAN)
    browser.idle()
    asked = browser.evaluate(
        "() => ['from', 'until'].map((name) =>"
        " new URLSearchParams(location.hash.split('?')[1]).get(name).slice(0, 16))"
    )
    assert tuple(asked) == wanted
    browser.click("[aria-label=Span] button:text-is('6h')")
    browser.until("() => location.hash === '#/time?span=6h'")
    browser.sees("[aria-label=Span] [aria-pressed=true]", "6h")
    browser.idle()
    server.publish_nomad([nomad_line(1)])
    browser.click("[aria-label='Count again']")
    browser.sees(".legend", "Nomad 1")
    browser.sees(".rows .row", "key-1")
    assert browser.problems() == []
