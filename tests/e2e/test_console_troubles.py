"""Where the console's histogram shows that something was not recorded."""

from __future__ import annotations

import json

import pytest

from tests.e2e.browser import Browser
from tests.e2e.charts import columns, reds
from tests.kit.server import Server
from tests.patience import until

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

SPAN = "from=2026-01-01T00:00:00Z&until=2026-01-01T04:00:00Z"
SHOWN_H = 4 + 1 / 12  # with the last bar, which has 5 minutes


def record(seq: int, time: str, **told: object) -> dict[str, object]:
    at = f"2026-01-01T{time}:00Z"
    return {"seq": str(seq), "recordedAt": at, "events": [{"tidings": told}]}


def state(source: str, *, connected: bool) -> dict[str, object]:
    return {"source": source, "system": "EVENT_SYSTEM_NOMAD", "connected": connected}


def drawn(browser: Browser, parts: list[float]) -> list[str]:
    """Return what is drawn at parts of the chart's width: a faint band with an edge, or a line."""
    heights = [reds(column) for column in columns(browser, parts)]
    return [
        "line" if full > 50 else "band" if faint > 50 and full else "" for faint, full in heights
    ]


def test_gaps_and_dead_sources_are_drawn_where_they_were(browser: Browser, server: Server) -> None:
    pages = [
        {
            "records": [
                record(1, "00:30", sourceState=state("early", connected=True)),
                record(2, "01:00", sourceState=state("prod", connected=False)),
            ],
            "nextPageToken": "more",
        },
        {
            "records": [
                record(3, "01:30", sourceState=state("prod", connected=False)),
                record(4, "02:00", sourceState=state("prod", connected=True)),
                record(5, "02:50", sourceGap={"source": "edge", "reason": "restarted"}),
                record(6, "03:30", sourceState=state("late", connected=False)),
            ]
        },
    ]
    before = [
        {
            "system": "EVENT_SYSTEM_TIDINGS",
            "id": "early",
            "status": "stale",
            "recordedAt": "2025-12-31T23:00:00Z",
        },
        {
            "system": "EVENT_SYSTEM_TIDINGS",
            "id": "prod",
            "status": "connected",
            "recordedAt": "2025-12-31T22:00:00Z",
        },
    ]
    browser.open(f"http://{server.http}/#/consul", timezone_id="UTC", locale="en-GB")
    browser.tell("stand_in", "**/v1/records?system=tidings*", [json.dumps(each) for each in pages])
    browser.tell("stand_in", "**/v1/objects?systems=tidings*", [json.dumps({"objects": before})])
    browser.tell("goto", f"http://{server.http}/#/time?{SPAN}")
    browser.sees(".legend .bad", "late is not connected")
    assert browser.texts(".legend .bad") == [
        "▮ Gap of edge: restarted 1 Jan 02:50:00.000",
        "▮ early was not connected 31 Dec 23:00:00.000 \u2013 1 Jan 00:30:00.000",
        "▮ prod was not connected 1 Jan 01:00:00.000 \u2013 1 Jan 02:00:00.000",
        "▮ late is not connected 1 Jan 03:30:00.000 \u2013 1 Jan 04:00:00.000",
    ]
    hours = {0.1: "band", 0.4: "band", 0.6: "", 1.1: "band", 1.9: "band", 2.1: ""}
    hours |= {2.8: "", 2.837: "line", 2.9: "", 3.6: "band"}
    parts = [hour / SHOWN_H for hour in hours]
    until(lambda: drawn(browser, parts) == [*hours.values()], "gaps and dead sources are drawn")
    assert browser.problems() == []
