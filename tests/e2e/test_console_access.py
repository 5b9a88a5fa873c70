"""The console with access control: it shows what the token may read, and asks for it once."""

from __future__ import annotations

import json

import pytest

from tests.e2e.browser import Browser
from tests.e2e.guarded import OPS, GuardedServer

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

# other tests publish to the same server: what counts is of which systems there are rows
SHOWS = """(wanted) => {
    const cells = [...document.querySelectorAll('.rows .body .row .system')];
    const shown = [...new Set(cells.map((cell) => cell.textContent))].sort();
    return JSON.stringify(shown) === JSON.stringify(wanted);
}"""


def enter(browser: Browser, guarded: GuardedServer, secret: str, where: str = "") -> None:
    """Open the page, which asks for a token, and give it one."""
    browser.open(f"http://{guarded.server.http}/{where}")
    browser.sees("dialog[open]", "This server needs a token")
    browser.fill("dialog input", secret)
    browser.click("dialog button")


def check_that_the_secret_stayed(browser: Browser, secret: str) -> None:
    assert not any(secret in url for _, url in browser.report()["requests"])
    assert secret not in browser.evaluate("() => location.href + document.body.textContent")
    assert browser.evaluate("() => [localStorage.length, document.cookie]") == [0, ""]
    assert browser.problems() == []


@pytest.mark.parametrize(
    ("name", "systems"),
    [
        ("right", ["Consul", "Feldera", "Nomad", "Puppet"]),
        ("jwt", ["Consul", "Feldera", "Nomad", "Puppet"]),
        ("narrow", ["Consul"]),
    ],
)
def test_a_token_sees_what_it_may_and_is_asked_for_once(
    browser: Browser, guarded: GuardedServer, name: str, systems: list[str]
) -> None:
    if name == "narrow":
        _, secret = guarded.new_token(name, name)
    else:
        secret = guarded.credentials[name].secret
    enter(browser, guarded, secret)
    browser.until(SHOWS, systems)
    browser.tell("reload")
    browser.until(SHOWS, systems)
    assert browser.texts("dialog") == []
    check_that_the_secret_stayed(browser, secret)


@pytest.mark.parametrize(
    ("name", "told"),
    [("wrong", "does not know"), ("expired", "has expired"), ("revoked", "was revoked")],
)
def test_a_token_that_is_no_good_is_told_so_and_another_is_taken(
    browser: Browser, guarded: GuardedServer, name: str, told: str
) -> None:
    enter(browser, guarded, guarded.credentials[name].secret)
    browser.sees("dialog[open]", told)
    assert browser.texts(".rows .body .row") == []
    browser.fill("dialog input", guarded.credentials["right"].secret)
    browser.click("dialog button")
    browser.sees(".rows .system", "Puppet")
    check_that_the_secret_stayed(browser, guarded.credentials[name].secret)


def test_a_token_without_rights_to_read_sees_no_event(
    browser: Browser, guarded: GuardedServer
) -> None:
    secret = guarded.credentials["powerless"].secret
    enter(browser, guarded, secret)
    browser.until("() => !document.querySelector('.state.loading')")
    assert browser.texts(".rows .body .row") == []
    check_that_the_secret_stayed(browser, secret)


def test_a_token_that_is_revoked_while_somebody_looks_ends_the_stream(
    browser: Browser, guarded: GuardedServer
) -> None:
    token_id, secret = guarded.new_token("looking", "client")
    enter(browser, guarded, secret)
    browser.sees(".rows .system", "Puppet")
    guarded.revoke(token_id)
    browser.sees("dialog[open]", "was revoked")
    guarded.publish("consul", json.dumps({"Name": "web-secret"}).encode())
    assert "web-secret" not in browser.text("body")
    check_that_the_secret_stayed(browser, secret)


def test_time_counts_what_the_token_may_read_and_says_that_gaps_are_hidden(
    browser: Browser, guarded: GuardedServer
) -> None:
    _, secret = guarded.new_token("counting", "narrow")
    enter(browser, guarded, secret, "#/time")
    browser.sees(".legend", "Consul")
    browser.sees(".legend", "Gaps are not shown")
    browser.until(SHOWS, ["Consul"])
    assert browser.texts(".problem") == []
    browser.tell("goto", f"http://{guarded.server.http}/#/state")
    browser.sees(".problem", "not allowed to read nomad")
    check_that_the_secret_stayed(browser, secret)


def test_recorder_tells_of_the_store_with_management_rights_only(
    browser: Browser, guarded: GuardedServer
) -> None:
    enter(browser, guarded, guarded.credentials["right"].secret, "#/recorder")
    browser.sees(".facts", "needs management rights")
    browser.click(".top button")
    browser.sees("dialog[open]", "This server needs a token")
    browser.fill("dialog input", OPS)
    browser.click("dialog button")
    browser.sees(".facts", "KiB")
    check_that_the_secret_stayed(browser, OPS)


# Every view, and addresses that ask for what is refused or is not there.
PLACES = (
    *("live", "time", "state", "object", "puppet", "puppet?job=352", "cloud", "consul", "feldera"),
    *("recorder", "live?system=tidings", "live?record=999999", "live?namespace=none"),
    *("time?from=never", "object?system=nomad&kind=job&id=none", "object?system=none&kind=a&id=b"),
)


@pytest.mark.parametrize("name", ["missing", "wrong", "expired", "revoked", "powerless", "right"])
def test_no_refusal_is_an_error_in_the_console_of_the_browser(
    browser: Browser, guarded: GuardedServer, name: str
) -> None:
    browser.open(f"http://{guarded.server.http}/")
    browser.sees("dialog[open]", "This server needs a token")
    if secret := guarded.credentials[name].secret:
        browser.fill("dialog input", secret)
        browser.click("dialog button")
    for place in PLACES:
        browser.tell("goto", f"http://{guarded.server.http}/#/{place}")
        browser.sees("main section", "")
        browser.idle()
        assert (place, browser.problems()) == (place, [])
