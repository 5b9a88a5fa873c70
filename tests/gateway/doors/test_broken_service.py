"""What Puppet's and Feldera's doors answer when the service fails."""

from __future__ import annotations

import json
from typing import Any

import grpc
import pytest

from tidings.gateway.doors.feldera import door as feldera
from tidings.gateway.doors.puppet import door as puppet
from tidings.gateway.http.request import Event, Request
from tidings.gateway.upstream.failures import Failure

Code = grpc.StatusCode


def failure(code: grpc.StatusCode) -> Failure:
    nothing = grpc.aio.Metadata()
    return Failure(code, nothing, nothing, details="it broke")


def request() -> Request:
    async def receive() -> Event:
        raise AssertionError("nobody reads it")

    async def send(event: Event) -> None:
        del event

    return Request("GET", b"/", b"/", b"", (), "http", receive, send)


@pytest.mark.parametrize(
    ("code", "status", "error_code", "details"),
    [
        (Code.UNAVAILABLE, 503, "LockTookTooLong", {}),
        (Code.DEADLINE_EXCEEDED, 503, "LockTookTooLong", {}),
        (Code.INTERNAL, 500, "PostgresError", {"error": "it broke", "backtrace": ""}),
        (Code.DATA_LOSS, 500, "PostgresError", {"error": "it broke", "backtrace": ""}),
    ],
)
def test_feldera_has_codes_that_clients_know(
    code: grpc.StatusCode, status: int, error_code: str, details: dict[str, str]
) -> None:
    for reply in (
        feldera.print_failure(failure(code), request()),
        feldera.print_event_failure(failure(code), "latest", request()),
    ):
        value: Any = json.loads(reply.body)
        assert (reply.status, value) == (
            status,
            {"message": "it broke", "error_code": error_code, "details": details},
        )
        headers = dict(reply.headers)
        assert headers[b"content-type"] == b"application/json"
        assert headers.get(b"retry-after") == (b"5" if status == 503 else None)
        assert b"cache-control" not in headers


@pytest.mark.parametrize(
    ("code", "status"),
    [(Code.UNAVAILABLE, 503), (Code.DEADLINE_EXCEEDED, 503), (Code.INTERNAL, 500)],
)
def test_puppet_has_one_kind_for_them_all(code: grpc.StatusCode, status: int) -> None:
    reply = puppet.print_error(failure(code), "352")
    assert (reply.status, json.loads(reply.body)) == (
        status,
        {"kind": "puppetlabs.orchestrator/unknown-error", "msg": "it broke", "details": {}},
    )
