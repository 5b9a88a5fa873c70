"""gRPC codes, HTTP statuses and google.rpc.Status bodies: the one table of the gateway.

An error of the service and one of the gateway print alike. Doors with their own error bodies start
from `status_of` and `http_status` and print the rest themselves.
"""

import base64
import json
from collections.abc import Iterable
from types import MappingProxyType
from typing import Any

import grpc
from google.protobuf import any_pb2, json_format
from google.protobuf.message import DecodeError

# error_details_pb2 is needed for its effect: it puts the usual types of details into the pool.
from google.rpc import error_details_pb2, status_pb2

from tidings.gateway.transcode.errors import MalformedRequest, TranscodeError
from tidings.gateway.transcode.one_line import one_line

# Source: google/rpc/code.proto; the same in Envoy 1.40 and grpc-gateway v2.
HTTP_STATUS = MappingProxyType({
    grpc.StatusCode.OK: 200,
    grpc.StatusCode.CANCELLED: 499,  # nginx's "client closed request"; the client is gone
    grpc.StatusCode.UNKNOWN: 500,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.FAILED_PRECONDITION: 400,  # not 412: that is about a request's If- headers
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DATA_LOSS: 500,
    grpc.StatusCode.UNAUTHENTICATED: 401,
})  # fmt: skip

_CODE_BY_NUMBER = {code.value[0]: code for code in grpc.StatusCode}
# Trailing metadata of a call: a serialized Status. Source: the richer error model of gRPC.
DETAILS_KEY = "grpc-status-details-bin"


def http_status(code: int) -> int:
    """Return the HTTP status for the number of a gRPC code; 500 for a number that is none."""
    known = _CODE_BY_NUMBER.get(code)
    return HTTP_STATUS[known] if known else 500


def status_of(error: TranscodeError | grpc.aio.AioRpcError) -> status_pb2.Status:
    """Return what went wrong as a google.rpc.Status.

    For an error of a call the details come from its trailing metadata, if they can be read and
    agree with its code. A `MalformedRequest` carries a google.rpc.BadRequest with the field.
    """
    if isinstance(error, grpc.aio.AioRpcError):
        return _status_of_call(error)
    status = status_pb2.Status(code=error.code.value[0], message=str(error))
    if isinstance(error, MalformedRequest) and error.field:
        violations = error_details_pb2.BadRequest()
        violations.field_violations.add(field=error.field, description=error.reason)
        status.details.add().Pack(violations)
    return status


def http_status_of(error: TranscodeError | grpc.aio.AioRpcError) -> int:
    """Return the HTTP status for an error: an own one's (405, 413, 415), else that of its code."""
    if isinstance(error, grpc.aio.AioRpcError):
        return HTTP_STATUS[error.code()]
    return error.http_status


def render_status(status: status_pb2.Status) -> bytes:
    """Print a Status as JSON: the code's number, the message and always a list of details."""
    text = json.dumps(status_object(status), ensure_ascii=False, separators=(",", ":"))
    return one_line(text.encode())


def status_object(status: status_pb2.Status) -> dict[str, Any]:
    """Return a Status as a JSON object with the members code, message and details.

    A detail of a type that is not known here, or that cannot be read, prints as its "@type" and the
    base64 of its bytes as "value"; one bad detail never costs the whole error.
    """
    return {
        "code": status.code,
        "message": status.message,
        "details": [_detail_object(detail) for detail in status.details],
    }


def _status_of_call(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    code, message = error.code().value[0], error.details() or ""
    for packed in _values_of(error.trailing_metadata(), DETAILS_KEY):
        try:
            status = status_pb2.Status.FromString(packed)
        except DecodeError:
            continue
        if status.code == code:
            status.message = message
            return status
    return status_pb2.Status(code=code, message=message)


def _values_of(metadata: Iterable[tuple[str, str | bytes]] | None, wanted: str) -> list[bytes]:
    return [
        value for key, value in metadata or () if key == wanted and isinstance(value, bytes)
    ]  # fmt: skip


def _detail_object(detail: any_pb2.Any) -> dict[str, Any]:
    try:
        return json_format.MessageToDict(detail)
    except (json_format.Error, DecodeError, TypeError, ValueError):
        return {"@type": detail.type_url, "value": base64.b64encode(detail.value).decode()}
