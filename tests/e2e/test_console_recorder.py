"""The console tells how recording goes: its sources, what they lost, and what does not work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest

from tests.e2e.browser import Browser
from tests.e2e.charts import columns, reds
from tests.kit.server import Server, nomad_line, serving
from tests.patience import PATIENCE_S, until
from tidings.v1 import event_system_pb2, tidings_event_pb2
from tidings.v1 import source_service_pb2 as pb
from tidings.v1.source_service_pb2_grpc import SourceServiceStub

DAY = timedelta(days=1)

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]


def is_marked(browser: Browser) -> bool:
    """Return whether the chart has a line, or the edge of a band."""
    return any(reds(column)[1] for column in columns(browser))


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Server]:
    """What stands for a Nomad."""
    with serving(tmp_path / "upstream") as running:
        yield running


@pytest.fixture
def recorder(upstream: Server, tmp_path: Path) -> Iterator[Server]:
    """A server that records it, and needs it."""
    config = tmp_path / "tidings.toml"
    source = f'system = "nomad"\nurl = "http://{upstream.http}"\nrequired = true\n'
    config.write_text(f"[sources.prod]\n{source}")
    with serving(tmp_path / "data", f"--config={config}") as running:
        yield running


def test_a_source_that_is_lost_is_seen_everywhere(
    browser: Browser, upstream: Server, recorder: Server, tmp_path: Path
) -> None:
    upstream.publish_nomad([nomad_line(1)])
    browser.open(f"http://{recorder.http}/")
    browser.sees(".rows .row", "key-1")
    browser.sees(".rows .row", "connected")
    upstream.kill_all()
    browser.sees(".rows .row.bad", "not connected")
    browser.sees(".banner", "A source that is required is not connected")
    browser.click(".top nav a:has-text('Recorder')")
    browser.sees(".recorder td .bad", "not connected, required")
    assert {"State", "Lag", "Gaps"} <= set(browser.texts(".recorder th"))
    browser.click(".top nav a:has-text('Time')")
    browser.sees(".legend .bad", "prod is not connected")
    until(lambda: is_marked(browser), "the chart is marked")
    span = f"from={datetime.now(UTC):%FT%T.%fZ}&until={datetime.now(UTC) + DAY:%FT%TZ}"
    browser.tell("goto", f"http://{recorder.http}/#/time?{span}")
    browser.sees(".chart[aria-label^='0 events']")  # nothing was told since
    browser.sees(".legend .bad", "prod is not connected")
    other = Server(tmp_path / "other", http=upstream.http)  # without what the first one had
    try:
        other.start()
        other.publish_nomad([nomad_line(number) for number in range(101, 104)])
        browser.click(".top nav a:has-text('Live')")
        browser.sees(".rows .row", "key-103")
        browser.tell("goto", f"http://{recorder.http}/#/time")
        browser.sees(".legend .bad", "prod was not connected")
        browser.until("() => !document.querySelector('.banner')")
    finally:
        other.end()
    assert browser.problems() == []


def test_a_gap_that_a_source_tells_is_seen(browser: Browser, server: Server) -> None:
    lost = tidings_event_pb2.SourceGap(after="7", before="12", reason="it was <b>restarted</b>")
    parts = [
        pb.RunSourceRequest(
            claim=pb.SourceClaim(source="edge", system=event_system_pb2.EVENT_SYSTEM_NOMAD)
        ),
        pb.RunSourceRequest(report=pb.SourceReport(connected=True)),
        pb.RunSourceRequest(report=pb.SourceReport(gap=lost)),
    ]
    ended = threading.Event()

    def said() -> Iterator[pb.RunSourceRequest]:
        yield from parts
        ended.wait(PATIENCE_S)

    browser.open(f"http://{server.http}/")
    with grpc.insecure_channel(server.grpc) as channel:
        answers = SourceServiceStub(channel).RunSource(said())
        assert next(answers).HasField("grant")
        browser.sees(".rows .row.bad", "nomad may be missing: it was <b>restarted</b>")
        browser.click(".top nav a:has-text('Time')")
        browser.sees(".legend .bad", "Gap of edge: it was <b>restarted</b>")
        until(lambda: is_marked(browser), "the chart is marked")
        browser.click(".top nav a:has-text('Recorder')")
        browser.sees(".recorder td", "edge")
        heads, cells = (browser.texts(f"[aria-label=Sources] {cell}") for cell in ("th", "td"))
        source = dict(zip(heads, cells, strict=True))
        assert (source["System"], source["Events"], source["Gaps"]) == ("Nomad", "0", "1")
        ended.set()
    assert browser.problems() == []


@pytest.mark.embedded  # the files of a log
def test_that_nothing_can_be_stored_is_told_over_every_view(
    browser: Browser, server: Server
) -> None:
    assert server.request("PUT", "/v1/event/fire/before")[0] == 200
    browser.open(f"http://{server.http}/#/consul")
    browser.sees(".rows", "before")  # so the gateway is connected: its socket is in the directory
    server.lose_data()
    browser.click(".fire summary")
    browser.fill(".fire input[name=name]", "deploy")
    browser.click(".fire button")
    browser.sees(".fire p.problem")
    browser.sees(".banner b", "Nothing can be stored")
    browser.sees(".banner", "data directory gone")
    browser.click(".top nav a:has-text('State')")
    browser.sees(".state-view")
    browser.sees(".banner b", "Nothing can be stored")
    assert browser.problems() == []


def test_a_service_that_does_not_answer_is_told_over_every_view(
    browser: Browser, server: Server
) -> None:
    browser.open(f"http://{server.http}/#/recorder")
    browser.sees(".recorder td", "Nomad")
    service = server.children()["service"]
    service.send_signal(signal.SIGSTOP)
    try:
        browser.sees(".banner", "The service does not answer")
        browser.sees(".recorder td", "Nomad")  # what was known stays
    finally:
        service.send_signal(signal.SIGCONT)
    browser.until("() => !document.querySelector('.banner')")
    browser.tell("offline", is_offline=True)  # nor does the gateway
    browser.sees(".banner", "The service does not answer")
    browser.tell("offline", is_offline=False)
    browser.until("() => !document.querySelector('.banner')")
    assert browser.problems(is_cut_off=True) == []
