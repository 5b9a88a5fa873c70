"""The figures on the console's page of the recorder, from answers that stand in for others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf import json_format

from tests.e2e.browser import Browser
from tests.kit.server import Server
from tidings.v1 import event_service_pb2, event_system_pb2, source_pb2

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

KIB, MIB, GIB = 2**10, 2**20, 2**30


def status(factor: int) -> event_service_pb2.GetLogStatusResponse:
    """Return what a busy log says; what grows is a multiple of something."""
    said = event_service_pb2.GetLogStatusResponse(
        log_id="2a0b1c1d", head_seq=1_000_000 * factor, version="9.8.7"
    )
    said.store.kind = "sqlite"
    said.store.size_bytes = 3 * GIB * factor
    said.store.disk_free_bytes = 20 * GIB
    said.store.disk_size_bytes = 80 * GIB
    said.store.retention_max_bytes = 50 * GIB
    said.index.through_seq = 999_999
    said.work.publish_count = 1000 * factor
    said.work.publish_time.FromMilliseconds(2500 * factor)
    said.work.subscriber_count = 7
    said.work.slowest_subscriber_lag = 12_345
    said.open_calls.add(method="Subscribe", count=7)
    nomad = said.systems.add(system=event_system_pb2.EVENT_SYSTEM_NOMAD, record_count=900_000)
    nomad.size_bytes, nomad.first_seq, nomad.last_seq = 5 * MIB, 11, 900_011
    nomad.trimmed_through_seq = 10
    nomad.retention.max_bytes, nomad.retention.min_records = 64 * MIB, 100
    nomad.retention.max_age.FromTimedelta(timedelta(hours=36))
    said.sources.append(source())
    return said


def source() -> source_pb2.SourceStatus:
    said = source_pb2.SourceStatus(source="prod", system=event_system_pb2.EVENT_SYSTEM_NOMAD)
    said.connected, said.required = True, True
    said.events, said.bytes, said.gaps, said.errors = 4321, 3 * KIB, 2, 1
    said.lag.FromMilliseconds(1720)
    said.last_event_at.FromDatetime(datetime.now(UTC) - timedelta(minutes=5, seconds=30))
    said.since.FromDatetime(datetime.now(UTC) - timedelta(hours=1))
    return said


def test_every_figure_is_that_of_the_log(browser: Browser, server: Server) -> None:
    browser.open(f"http://{server.http}/#/consul")
    bodies = [json_format.MessageToJson(status(factor)) for factor in (1, 2)]
    browser.tell("stand_in", "**/v1/log/status", bodies)
    browser.click(".top nav a:has-text('Recorder')")
    browser.sees(".facts", " in ")  # from the second answer on
    facts = dict(
        zip(browser.texts(".facts dt"), browser.texts(".facts dd"), strict=True),
    )
    per_s = float(facts.pop("Records per second"))
    grown, _, span = facts.pop("Growth").partition(" in ")
    assert grown == "3.0 GiB"
    assert per_s == pytest.approx(1_000_000 / float(span.removesuffix(" s")), rel=0.3)
    assert facts == {
        "Newest position": "2,000,000",
        "Store": "sqlite, 6.0 GiB",
        "Retention of all systems": "at most 50.0 GiB",
        "Free on its disk": "20.0 GiB of 80.0 GiB",
        "Index": "through 999,999",
        "Mean time of a publish": "2.5 ms",
        "Version": "9.8.7",
        "Id of the log": "2a0b1c1d",
    }
    assert row(browser, "Systems")[:-1] == [
        *("Nomad", "900,000", "5.0 MiB", "11 \u2013 900011"),
        *("36 h, 64.0 MiB, at least 100 records", "10"),
    ]
    name, system, state, *figures = row(browser, "Sources")
    assert (name, system, state[:27]) == ("prod", "Nomad", "connected, required, since ")
    assert figures == ["5 min ago", "1.7 s", "4,321", "3.0 KiB", "2", "1"]
    browser.sees(".recorder p", "The slowest of 7 is 12,345 positions behind.")
    assert row(browser, "Open calls") == ["Subscribe", "7"]
    assert browser.problems() == []


def row(browser: Browser, table: str) -> list[str]:
    """Return the texts of a table that has one row."""
    cells = browser.texts(f"[aria-label='{table}'] td")
    assert len(cells) == len(browser.texts(f"[aria-label='{table}'] th"))
    return cells
