"""The console in a real Chromium, over a real server."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest

from tests.e2e.browser import Browser
from tests.kit.server import Server, nomad_line, serving, tidings

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

DRAWN = "[...document.querySelectorAll('.rows .body .row')]"
KEYS = f"() => {DRAWN}.map((row) => row.id)"
TYPES_ARE = """(wanted) => {
    const cells = document.querySelectorAll(".rows .body .row > :nth-child(3)");
    const found = new Set([...cells].map((cell) => cell.textContent));
    return [...found].sort().join() === wanted.join();
}"""
FORGET = "() => navigator.clipboard.writeText('')"
CLIPBOARD = "() => navigator.clipboard.readText()"
IS_TABLE = "() => document.activeElement.matches('.rows')"
SHOWN_SEQ = "Number(document.querySelector('.record h2').textContent.replace('Record ', ''))"
ROW_COUNT = "() => Number(document.querySelector('.rows').ariaRowCount) - 1"
IS_LIVE = "() => document.querySelector('.state.live') !== null"

# Texts that a page could take for something else.
HOSTILE = {
    "script": "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>",
    "right to left": "\u202eevil\u202c \u2067\u05d0\u05d1\u2069",
    "terminal": "\x1b[31mred\x1b[0m \x07",
    "link": "javascript:window.hacked=1",
    "template": "${window.hacked = 1} {{constructor}} %s",
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose log holds the demo's hour; tests only read it."""
    with serving(tmp_path_factory.mktemp("console") / "data") as server:
        assert tidings("demo", "--into", server.grpc).returncode == 0
        yield server


def page(server: Server, where: str = "") -> str:
    return f"http://{server.http}/{where}"


def test_page_shows_what_is_stored_and_what_a_record_says(browser: Browser, filled: Server) -> None:
    browser.open(page(filled))
    browser.until(IS_LIVE)
    browser.sees(".rows .what", "Job 353 has failed")
    browser.click(".rows .row:has-text('Job 353 has failed')")
    browser.sees(".record .tree", "job_finished")
    browser.click(".record button:has-text('JSON') >> nth=0")
    record = json.loads(browser.text(".record pre"))
    assert record["events"][0]["puppet"]["message"] == "Job 353 has failed"
    browser.sees(".record nav li")
    assert browser.texts(".record nav small") == ["later"] * 3 + ["before"] * 3
    assert neighbours(browser) == neighbours_of(filled, record["seq"], "")
    browser.click(".record nav a:has-text('before') >> nth=0")
    browser.until(f"(seq) => {SHOWN_SEQ} === seq - 1", int(record["seq"]))
    browser.press(".record h2", "Escape")
    browser.until("() => document.querySelector('.record') === null")
    assert browser.problems() == []


def neighbours(browser: Browser) -> list[str]:
    """Return the positions of the records that a record's panel names as neighbours."""
    links = "() => [...document.querySelectorAll('.record nav a')].map((link) => link.hash)"
    return [parse_qs(link.partition("?")[2])["record"][0] for link in browser.evaluate(links)]


def neighbours_of(server: Server, seq: str, query: str) -> list[str]:
    """Return the three records after one and the three before it, the newest first."""
    newest = "order=READ_ORDER_NEWEST_FIRST"
    after, before = (
        json.loads(server.request("GET", f"/v1/records?page_size=3&{part}{query}")[2])["records"]
        for part in (f"after_seq={seq}", f"before_seq={seq}&{newest}")
    )
    return [each["seq"] for each in (*after[::-1], *before)]


def test_neighbours_are_among_what_the_filters_select(browser: Browser, filled: Server) -> None:
    records = json.loads(filled.request("GET", "/v1/records?system=puppet")[2])["records"]
    seq = records[len(records) // 2]["seq"]
    browser.open(page(filled, f"#/live?system=puppet&record={seq}"))
    browser.sees(".record nav li")
    wanted = neighbours_of(filled, seq, "&system=puppet")
    assert neighbours(browser) == wanted != neighbours_of(filled, seq, "")
    assert set(browser.texts(".record nav b")) == {"Puppet"}
    assert browser.problems() == []


def copied(browser: Browser, name: str) -> str:
    """Return what a button copies."""
    browser.evaluate(FORGET)
    browser.click(f".record .bar button:has-text('Copy {name}')")
    browser.until(f"async () => await ({CLIPBOARD})() !== ''")
    text: str = browser.evaluate(CLIPBOARD)
    return text


def test_what_is_copied_reads_the_same_record(browser: Browser, filled: Server) -> None:
    where = page(filled, "#/live?record=110")
    browser.open(where, permissions=["clipboard-read", "clipboard-write"])
    browser.sees(".record .tree", "job_finished")
    record = json.loads(copied(browser, "JSON"))
    curl = subprocess.run(shlex.split(copied(browser, "curl")), capture_output=True, check=True)
    assert json.loads(curl.stdout)["record"] == record
    line = shlex.split(copied(browser, "grpcurl"))
    assert json.loads(line[line.index("-d") + 1]) == {"seq": "110"}
    assert line[-1] == "tidings.v1.EventService/GetRecord"
    program, *arguments = shlex.split(copied(browser, "tidings"))
    assert program == "tidings"
    shown = tidings(*arguments, "--upstream", filled.grpc)
    assert record["events"][0]["puppet"]["message"] in shown.stdout
    # as on a page over plain HTTP of another machine
    browser.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    browser.click(".record .bar button:has-text('Copy curl')")
    browser.until("() => document.querySelector('input.copied')?.value.startsWith('curl ')")
    assert browser.problems() == []


def test_filters_are_the_address_and_back_undoes_them(browser: Browser, filled: Server) -> None:
    browser.open(page(filled))
    browser.sees(".rows .consul", "Consul")
    browser.click(".toggles .consul")
    browser.until("() => location.hash === '#/live?system=consul'")
    browser.until("() => !document.querySelector('.rows .feldera')")
    browser.click(".rows .value:text-is('cert-renewed')")
    browser.sees(".chips", "Type: cert-renewed")
    browser.until(TYPES_ARE, ["cert-renewed"])
    browser.tell("reload")
    browser.sees(".chips", "Type: cert-renewed")
    browser.tell("go_back")
    browser.until("() => location.hash === '#/live?system=consul'")
    browser.fill(".add input", "rollback")
    browser.click(".add button")
    browser.sees(".chips", "Text: rollback")
    browser.until("() => document.querySelectorAll('.rows .body .row').length === 1")
    assert browser.problems() == []


def test_keyboard_alone_goes_through_the_page(browser: Browser, filled: Server) -> None:
    browser.open(page(filled))
    browser.until(IS_LIVE)
    browser.press(".top a >> nth=0", "Tab")
    for _ in range(30):  # at most: all that can be used comes before the table
        if browser.evaluate(IS_TABLE):
            break
        browser.press(":focus", "Tab")
    assert browser.evaluate(IS_TABLE)
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"):
        browser.press(".rows", key)
    seq = browser.evaluate("() => document.querySelector('.rows .active').id")
    assert (
        browser.evaluate(
            "() => document.querySelector('.rows').getAttribute('aria-activedescendant')"
        )
        == seq
    )
    browser.press(".rows", "Enter")
    browser.sees(".record h2", f"Record {re.split(r'[-.]', seq)[1]}")
    assert browser.evaluate("() => document.activeElement.tagName") == "H2"
    browser.press(".record h2", "Escape")
    browser.press(".rows", "End")
    browser.sees(".rows .active .what", "")
    assert browser.evaluate("() => document.querySelector('.rows').scrollTop") > 0
    assert browser.problems() == []


def test_recorder_tells_of_the_log(browser: Browser, filled: Server) -> None:
    browser.open(page(filled, "#/recorder"))
    browser.sees(".recorder td", "Nomad")
    browser.sees(".facts", "0.1.0")
    browser.sees(".facts", "Free on its disk")
    for fact in ("Records per second", "Growth", "Mean time of a publish"):
        browser.sees(".facts", fact)
    with filled.lines("/v1/events?after_seq=0"):
        browser.sees(".recorder p", "The slowest of 1 is ")
    browser.sees(".recorder p", "Nobody follows the log now.")
    kept = "30 d, 1,000,000 records, at least 256 records"
    browser.sees(".recorder tr:has(a[href*=consul]) td", kept)
    assert browser.problems() == []


def test_hostile_texts_stay_texts(browser: Browser, server: Server) -> None:
    lines = [nomad_line(number, text=text) for number, text in enumerate(HOSTILE.values(), 1)]
    lines.append(nomad_line(99, text="x" * 2**20))
    server.publish_nomad(lines)
    browser.open(page(server))
    browser.until("() => document.querySelectorAll('.rows .body .row').length === 6")
    seqs = [key.removeprefix("row-").split(".")[0] for key in browser.evaluate(KEYS)]
    for seq, text in zip(seqs, ["x" * 2**20, *reversed(HOSTILE.values())], strict=True):
        browser.tell("goto", page(server, f"#/live?record={seq}"))
        browser.sees(".record h2", f"Record {seq}")
        browser.sees(".record .tree", text[:300])
    assert browser.evaluate("() => window.hacked") is None
    assert browser.problems() == []


def test_every_event_once_and_in_order_through_restarts(browser: Browser, server: Server) -> None:
    browser.open(page(server))
    browser.until(IS_LIVE)
    published: list[int] = []

    def publish(count: int) -> None:
        numbers = range(len(published) + 1, len(published) + 1 + count)
        answers = server.publish_nomad([nomad_line(number) for number in numbers])
        published.extend(answer["seq"] for answer in answers)

    publish(5)
    for name in ("gateway", "service"):
        server.children()[name].kill()
        publish(5)
    server.kill_all()
    server.start()
    publish(5)
    browser.until("(count) => document.querySelectorAll('.rows .body .row').length === count", 20)
    keys = [f"row-{seq}.0" for seq in reversed(published)]
    assert browser.evaluate(KEYS) == keys
    assert browser.problems(is_cut_off=True) == []


def test_what_was_dropped_to_make_room_is_read_again(browser: Browser, server: Server) -> None:
    browser.open(page(server))
    browser.until(IS_LIVE)
    for first in range(1, 22501, 2500):
        server.publish_nomad([nomad_line(number) for number in range(first, first + 2500)])
    browser.sees(".rows .row", "key-22500")
    kept = browser.evaluate(ROW_COUNT)
    assert 20_000 <= kept <= 22_000
    browser.until(
        "() => { const rows = document.querySelector('.rows'); rows.scrollTop = 1e7;"
        " return rows.textContent.includes('key-1 ') || rows.textContent.includes('key-1Job'); }"
    )
    assert browser.evaluate(ROW_COUNT) == 22_500
    assert browser.problems() == []


def test_reader_who_scrolled_is_not_moved_and_told_what_is_new(
    browser: Browser, server: Server
) -> None:
    server.publish_nomad([nomad_line(number) for number in range(1, 301)])
    browser.open(page(server))
    browser.sees(".rows .row", "key-300")
    browser.evaluate("() => { document.querySelector('.rows').scrollTop = 1000; }")
    browser.sees(".rows .row", "key-260")
    before = browser.evaluate(KEYS)
    server.publish_nomad([nomad_line(number) for number in range(301, 341)])
    browser.sees(".unseen", "40 new")
    assert browser.evaluate(KEYS) == before
    browser.click(".unseen")
    browser.sees(".rows .row", "key-340")
    for _ in range(2):  # to a line that nothing may move, though it is in sight from the top
        browser.press(".rows", "ArrowDown")
    server.publish_nomad([nomad_line(341)])
    browser.sees(".unseen", "1 new")
    browser.click(".unseen")
    browser.sees(".rows .row", "key-341")
    browser.click(".bar button >> nth=0")
    server.publish_nomad([nomad_line(342)])
    browser.sees(".unseen", "1 new")
    browser.evaluate(f"() => {{ window.drawn = {DRAWN}; }}")
    browser.until(
        "() => { document.querySelector('.rows').scrollTop = 1e6;"
        f" return {DRAWN}.at(-1).querySelector('.id').textContent === 'key-1'; }}"
    )
    reused = browser.evaluate("() => window.drawn.filter((row) => row.isConnected).length")
    assert reused > 10, "rows are drawn into the elements that are there"
    assert browser.problems() == []
