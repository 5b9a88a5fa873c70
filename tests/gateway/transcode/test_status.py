"""The one table of codes, and errors of calls with whatever their details hold."""

from __future__ import annotations

import inspect
import json

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2

from tidings.gateway.transcode import errors
from tidings.gateway.transcode.render import render_error
from tidings.gateway.transcode.status import (
    DETAILS_KEY,
    HTTP_STATUS,
    http_status,
    http_status_of,
    render_status,
    status_object,
    status_of,
)

TABLE = {
    0: 200, 1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409,
    11: 400, 12: 501, 13: 500, 14: 503, 15: 500, 16: 401,
}  # fmt: skip


def failed(
    code: grpc.StatusCode, message: str | None, *trailing: tuple[str, str | bytes]
) -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(
        code, grpc.aio.Metadata(), grpc.aio.Metadata(*trailing), details=message
    )


def test_table_is_the_one_of_google_rpc() -> None:
    assert {number: http_status(number) for number in code_pb2.Code.values()} == TABLE
    assert set(HTTP_STATUS) == set(grpc.StatusCode)


@pytest.mark.parametrize("number", [-1, 17, 99])
def test_number_that_is_no_code_is_500(number: int) -> None:
    assert http_status(number) == 500


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code.value[0]])
def test_error_of_a_call_keeps_code_and_message(code: grpc.StatusCode) -> None:
    reply = render_error(failed(code, "so été"))
    assert reply.status == TABLE[code.value[0]]
    assert reply.body == (
        f'{{"code":{code.value[0]},"message":"so été","details":[]}}'.encode()
    )  # fmt: skip


def test_unauthenticated_says_how_to_authenticate() -> None:
    headers = dict(render_error(failed(grpc.StatusCode.UNAUTHENTICATED, "who?")).headers)
    assert headers[b"www-authenticate"] == b"Bearer"
    assert b"www-authenticate" not in dict(
        render_error(failed(grpc.StatusCode.NOT_FOUND, "")).headers
    )


def test_every_kind_of_error_has_a_code_and_a_status() -> None:
    kinds = [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.TranscodeError) and kind is not errors.TranscodeError
    ]
    assert len(kinds) >= 7
    for kind in kinds:
        assert kind.code in HTTP_STATUS
        # the own status is the table's, but where HTTP has a word that gRPC has not
        assert kind.http_status in (HTTP_STATUS[kind.code], 405, 413, 415)


def packed(code: int, *details: any_pb2.Any) -> bytes:
    data: bytes = status_pb2.Status(code=code, message="other", details=details).SerializeToString()
    return data


def any_of(message: error_details_pb2.ErrorInfo) -> any_pb2.Any:
    wrapped = any_pb2.Any()
    wrapped.Pack(message)
    return wrapped


INFO = any_of(error_details_pb2.ErrorInfo(reason="BAD", domain="tidings"))
INFO_JSON = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    "reason": "BAD",
    "domain": "tidings",
}


def test_details_come_from_the_trailing_metadata() -> None:
    error = failed(grpc.StatusCode.NOT_FOUND, "gone", ("a", "b"), (DETAILS_KEY, packed(5, INFO)))
    assert status_object(status_of(error)) == {
        "code": 5,
        "message": "gone",
        "details": [INFO_JSON],
    }
    assert http_status_of(error) == 404


@pytest.mark.parametrize("trailer", [b"\xff\xff", packed(3, INFO), b"", "text"])
def test_details_that_cannot_be_read_or_disagree_are_left_out(trailer: str | bytes) -> None:
    error = failed(grpc.StatusCode.NOT_FOUND, "gone", (DETAILS_KEY, trailer))
    assert status_of(error) == status_pb2.Status(code=5, message="gone")


def test_error_without_a_message_or_metadata() -> None:
    error = failed(grpc.StatusCode.UNKNOWN, None)
    assert json.loads(render_error(error).body) == {"code": 2, "message": "", "details": []}


@pytest.mark.parametrize(
    ("detail", "printed"),
    [
        (
            any_pb2.Any(type_url="type.googleapis.com/no.Such", value=b"hi"),
            {"@type": "type.googleapis.com/no.Such", "value": "aGk="},
        ),
        (
            any_pb2.Any(type_url=INFO.type_url, value=b"\xff"),
            {"@type": INFO.type_url, "value": "/w=="},
        ),
        (any_pb2.Any(value=b"hi"), {"@type": "", "value": "aGk="}),
    ],
)
def test_detail_that_cannot_be_printed_does_not_cost_the_others(
    detail: any_pb2.Any, printed: dict[str, str]
) -> None:
    status = status_pb2.Status(code=5, message="gone", details=[INFO, detail])
    body = json.loads(render_status(status))
    assert body == {"code": 5, "message": "gone", "details": [INFO_JSON, printed]}
