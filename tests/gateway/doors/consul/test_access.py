"""Consul's door before a service with access control."""

from __future__ import annotations

import pytest

from tests.gateway.doors.guard import Guard
from tests.patience import PATIENCE_S

LIST = "/v1/event/list"
FIRE = "/v1/event/fire"
DENIED = (403, b"Permission denied")
# The event handler has committed its status before it looks at the token.
UNKNOWN_FIRES = (500, b"ACL not found")
UNKNOWN_LISTS = (403, b"ACL not found")
EMPTY = (200, b"[]")


@pytest.mark.parametrize(
    ("sort", "fired", "listed"),
    [
        ("", DENIED, EMPTY),
        ("publisher", DENIED, EMPTY),
        ("reader", DENIED, EMPTY),
        ("unknown", UNKNOWN_FIRES, UNKNOWN_LISTS),
        ("revoked", UNKNOWN_FIRES, UNKNOWN_LISTS),
        ("expired", UNKNOWN_FIRES, UNKNOWN_LISTS),
    ],
)
@pytest.mark.parametrize(
    ("mark", "header"),
    [("&token={}", ""), ("", "X-Consul-Token: {}"), ("", "Authorization: Bearer {}")],
)
def test_what_a_token_gets(
    guard: Guard,
    sort: str,
    fired: tuple[int, bytes],
    listed: tuple[int, bytes],
    mark: str,
    header: str,
) -> None:
    secret = guard.secrets.get(sort, "")
    headers = [header.format(secret)] if header else []
    query = f"?name=web-1{mark.format(secret)}"
    answer = guard.http.ask("PUT", f"{FIRE}/web-1{query}", *headers)
    assert (answer.status, answer.body) == fired
    answer = guard.http.ask("GET", LIST + query, *headers)
    assert (answer.status, answer.body) == listed
    assert answer.headers.get("x-consul-index") == ("1" if answer.status == 200 else None)
    assert answer.headers["x-consul-default-acl-policy"] == "deny"


@pytest.mark.parametrize("sort", ["", "reader", "unknown"])
def test_filters_are_looked_at_before_tokens(guard: Guard, sort: str) -> None:
    header = f"X-Consul-Token: {guard.secrets.get(sort, '')}"
    answer = guard.http.ask("PUT", f"{FIRE}/web-1?node=(", header)
    assert answer.status == 500
    assert answer.body.startswith(b"Invalid node filter: error parsing regexp")


def test_a_list_holds_what_may_be_read_and_says_if_that_is_not_all(guard: Guard) -> None:
    root, reader = (f"X-Consul-Token: {guard.secrets[sort]}" for sort in ("root", "reader"))
    for name in ("web-2", "db"):
        assert guard.http.ask("PUT", f"{FIRE}/{name}", root).status == 200
    marks = {
        sort: guard.http.ask("GET", LIST, *header).headers.get("x-consul-results-filtered-by-acls")
        for sort, header in (("root", [root]), ("reader", [reader]), ("anonymous", []))
    }
    assert marks == {"root": None, "reader": "true", "anonymous": None}
    named = guard.http.ask("GET", f"{LIST}?name=web-2", reader)
    assert b'"Name":"web-2"' in named.body
    assert "x-consul-results-filtered-by-acls" not in named.headers


def test_a_list_that_waits_ends_with_its_token(guard: Guard) -> None:
    token_id, secret = guard.new_token("reader")
    header = f"X-Consul-Token: {secret}"
    index = guard.http.ask("GET", LIST, header).headers["x-consul-index"]
    with guard.http.open(f"{LIST}?index={index}&wait={PATIENCE_S * 4}s", header) as waiting:
        guard.revoke(token_id)
        answer = waiting.answer()
    assert (answer.status, answer.body) == UNKNOWN_LISTS


def test_the_agent_says_its_name_to_everybody(guard: Guard) -> None:
    assert guard.http.ask("GET", "/v1/agent/self").status == 200
