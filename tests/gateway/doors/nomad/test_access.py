"""Nomad's door before a service with access control."""

from __future__ import annotations

import pytest

from tests.gateway.doors.guard import Guard
from tests.kit.http import Answer

STREAM = "/v1/event/stream"
PUBLISH = "/v1/publish/nomad"
DENIED = (403, b"Permission denied")


def token(guard: Guard, sort: str) -> list[str]:
    return [f"X-Nomad-Token: {guard.secrets[sort]}"] if sort else []


def told(answer: Answer) -> tuple[int, bytes]:
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    return answer.status, answer.body


@pytest.mark.parametrize("sort", ["", "publisher", "unknown", "revoked", "expired"])
@pytest.mark.parametrize("query", ["", "?topic=Job", "?topic=Node&index=1"])
def test_who_may_not_read_gets_403_and_not_one_line(guard: Guard, sort: str, query: str) -> None:
    assert told(guard.http.ask("GET", STREAM + query, *token(guard, sort))) == DENIED


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?topic=Job", 200),
        ("?topic=Job:web&topic=Node", 200),
        ("?topic=Node&namespace=other", 200),
        ("?topic=Job&namespace=other", 403),
        ("?topic=Job&namespace=*", 403),
        ("?topic=Job&topic=NodePool", 403),
        ("?topic=*:web", 403),
        ("?topic=", 403),
        ("", 403),
    ],
)
def test_every_topic_that_is_asked_for_must_be_allowed(
    guard: Guard, query: str, status: int
) -> None:
    with guard.http.open(STREAM + query, *token(guard, "reader")) as connection:
        if status == 200:
            assert connection.head().status == 200
            assert connection.chunk() == b"{}\n"
        else:
            assert told(connection.answer()) == DENIED


@pytest.mark.parametrize(
    ("query", "sort", "answer"),
    [
        ("?index=x", "unknown", (400, b'Unable to parse index: strconv.Atoi: parsing "x": ')),
        ("?topic=a:b:c", "unknown", (400, b"Invalid topic query: ")),
        ("?wait=5", "unknown", (400, b"Invalid wait time")),
        ("?region=mars", "unknown", DENIED),
        ("?region=mars", "expired", DENIED),
        ("?region=mars", "", (500, b"No path to region")),
        ("?region=mars", "publisher", (500, b"No path to region")),
        ("?token={root}", "", DENIED),
    ],
)
def test_checks_come_in_nomads_order(
    guard: Guard, query: str, sort: str, answer: tuple[int, bytes]
) -> None:
    asked = guard.http.ask("GET", STREAM + query.format(**guard.secrets), *token(guard, sort))
    status, text = told(asked)
    assert (status, text[: len(answer[1])]) == answer


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (["X-Nomad-Token:   {reader}  "], 200),
        (["Authorization: bEARER   {reader} more"], 200),
        (["X-Nomad-Token: ", "Authorization: Bearer {reader}"], 200),
        (["X-Nomad-Token: {unknown}", "Authorization: Bearer {reader}"], 403),
        (["X-Nomad-Token: {reader}", "Authorization: Bearer {unknown}"], 200),
        (["Authorization: Basic {reader}"], 403),
        (["X-Consul-Token: {reader}"], 403),
    ],
)
def test_where_the_token_is_looked_for(guard: Guard, headers: list[str], status: int) -> None:
    headers = [header.format(**guard.secrets) for header in headers]
    with guard.http.open(f"{STREAM}?topic=Job", *headers) as connection:
        assert connection.head().status == status


def test_a_revoked_token_ends_its_streams_cleanly_and_no_others(guard: Guard) -> None:
    token_id, secret = guard.new_token("reader")
    target = f"{STREAM}?topic=Node"
    with (
        guard.http.open(target, f"X-Nomad-Token: {secret}") as mine,
        guard.http.open(target, *token(guard, "reader")) as others,
    ):
        for connection in (mine, others):
            assert connection.head().status == 200
            assert connection.chunk() == b"{}\n"
        guard.revoke(token_id)
        assert mine.chunk() == b""
        assert mine.rest() == b""
        line = b'{"Index":1,"Events":[{"Topic":"Node","Type":"T","Key":"k","Payload":{}}]}'
        published = guard.http.ask("POST", PUBLISH, *token(guard, "root"), body=line)
        assert published.status == 200
        assert b'"Key":"k"' in others.chunk()
    again = guard.http.ask("GET", target, f"X-Nomad-Token: {secret}")
    assert told(again) == DENIED
