"""The gRPC status of each kind of failure: one table, and the rich error made from it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from tidings.core import errors
from tidings.dialects.consul.size_rules import EventTooLarge
from tidings.v1 import errors_pb2 as pb

DOMAIN = "tidings"
MAX_TEXT_BYTES = 1024
"""Of a message and of each detail, which share 8 KiB of metadata, grpc's soft limit."""


RETRY_MS = 1000
"""When to retry a call that failed because of a full queue, a shutdown, a store failure, or another
change meanwhile: a commit takes some milliseconds, a restart a second."""


class NoAccessControl(errors.TidingsError):
    """The request needs access control, which this server does not have."""

    def __init__(self) -> None:
        super().__init__("this server has no access control (--access-policy)")


class Row(NamedTuple):
    """A status, and the reason in ErrorInfo, which clients may rely on."""

    code: grpc.StatusCode
    reason: pb.ErrorReason.ValueType


_Code = grpc.StatusCode
TABLE: Mapping[type[errors.TidingsError], Row] = MappingProxyType(
    {
        errors.BadRequest: Row(_Code.INVALID_ARGUMENT, pb.ERROR_REASON_BAD_REQUEST),
        errors.PayloadTooLarge: Row(_Code.RESOURCE_EXHAUSTED, pb.ERROR_REASON_PAYLOAD_TOO_LARGE),
        EventTooLarge: Row(_Code.RESOURCE_EXHAUSTED, pb.ERROR_REASON_USER_EVENT_TOO_LARGE),
        errors.NotFound: Row(_Code.NOT_FOUND, pb.ERROR_REASON_NOT_FOUND),
        errors.RecordTrimmed: Row(_Code.NOT_FOUND, pb.ERROR_REASON_RECORD_TRIMMED),
        errors.RecordDamaged: Row(_Code.DATA_LOSS, pb.ERROR_REASON_RECORD_DAMAGED),
        errors.OrderRefused: Row(_Code.FAILED_PRECONDITION, pb.ERROR_REASON_ORDER_REFUSED),
        errors.KeyReused: Row(_Code.ALREADY_EXISTS, pb.ERROR_REASON_KEY_REUSED),
        errors.SeqConflict: Row(_Code.ABORTED, pb.ERROR_REASON_SEQ_CONFLICT),
        errors.PositionAhead: Row(_Code.OUT_OF_RANGE, pb.ERROR_REASON_POSITION_AHEAD),
        errors.WrongLog: Row(_Code.FAILED_PRECONDITION, pb.ERROR_REASON_WRONG_LOG),
        errors.CursorExpired: Row(_Code.OUT_OF_RANGE, pb.ERROR_REASON_CURSOR_EXPIRED),
        errors.Unauthenticated: Row(_Code.UNAUTHENTICATED, pb.ERROR_REASON_UNAUTHENTICATED),
        errors.Denied: Row(_Code.PERMISSION_DENIED, pb.ERROR_REASON_DENIED),
        errors.Busy: Row(_Code.RESOURCE_EXHAUSTED, pb.ERROR_REASON_BUSY),
        errors.LogClosed: Row(_Code.UNAVAILABLE, pb.ERROR_REASON_GOING_DOWN),
        errors.StoreUnavailable: Row(_Code.UNAVAILABLE, pb.ERROR_REASON_STORE_UNAVAILABLE),
        errors.StateConflict: Row(_Code.ABORTED, pb.ERROR_REASON_STATE_CONFLICT),
        errors.StoreCorrupt: Row(_Code.DATA_LOSS, pb.ERROR_REASON_STORE_CORRUPT),
        errors.RequestIdReused: Row(_Code.ALREADY_EXISTS, pb.ERROR_REASON_REQUEST_ID_REUSED),
        NoAccessControl: Row(_Code.FAILED_PRECONDITION, pb.ERROR_REASON_NO_ACCESS_CONTROL),
    }
)
"""Without the errors that only keep a service from starting: `StoreLocked` and `StoreUnfit`."""


def row_of(error: errors.TidingsError) -> Row:
    """Return the status of an error: its own kind's, else that of the nearest kind above it."""
    for kind in type(error).__mro__:
        if kind in TABLE:
            return TABLE[kind]
    raise AssertionError(type(error))  # the table lacks a kind


def reason_of(error: errors.TidingsError) -> str:
    """Return the reason that the error's ErrorInfo has."""
    return _name_of(row_of(error).reason)


def status_of(error: errors.TidingsError) -> status_pb2.Status:
    """Return the rich error: ErrorInfo with the error's numbers, BadRequest for a bad field."""
    row = row_of(error)
    message = shortened(str(error))
    info = _info(row.reason)
    for name, value in vars(error).items():
        if isinstance(value, int):
            info.metadata[name] = str(value)
    if isinstance(error, errors.StoreUnavailable) and error.cause:
        info.metadata["cause"] = error.cause
    if isinstance(error, errors.Unauthenticated):
        info.metadata["problem"] = error.reason
        if error.flaw:
            info.metadata["flaw"] = error.flaw
    status = status_pb2.Status(code=row.code.value[0], message=message, details=[_packed(info)])
    if _may_come_again(error):
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(RETRY_MS)
        status.details.append(_packed(retry))
    if isinstance(error, errors.BadRequest):
        bad = error_details_pb2.BadRequest()
        bad.field_violations.add(field=shortened(error.path), description=shortened(error.reason))
        status.details.append(_packed(bad))
    return status


def internal(request_id: str) -> status_pb2.Status:
    """Return the error for an unexpected failure: it has the id to search for in the log."""
    info = _info(pb.ERROR_REASON_INTERNAL)
    info.metadata["request_id"] = request_id
    code: int = grpc.StatusCode.INTERNAL.value[0]
    return status_pb2.Status(
        code=code, message=f"internal error, request {request_id}", details=[_packed(info)]
    )


async def abort(context: grpc.aio.ServicerContext[Any, Any], status: status_pb2.Status) -> NoReturn:
    """End the call with a rich error; trailing metadata that was set before goes out with it."""
    rich = rpc_status.to_status(status)
    before = tuple(context.trailing_metadata() or ())
    await context.abort(rich.code, rich.details, (*before, *rich.trailing_metadata))


def _info(reason: pb.ErrorReason.ValueType) -> error_details_pb2.ErrorInfo:
    return error_details_pb2.ErrorInfo(reason=_name_of(reason), domain=DOMAIN)


def _name_of(reason: pb.ErrorReason.ValueType) -> str:
    return pb.ErrorReason.Name(reason).removeprefix("ERROR_REASON_")


def _may_come_again(error: errors.TidingsError) -> bool:
    if isinstance(error, errors.StoreUnavailable):
        return not error.cause  # otherwise something has to be repaired first
    again = errors.Busy | errors.CursorExpired | errors.LogClosed | errors.SeqConflict
    return isinstance(error, again)


def shortened(text: str) -> str:
    """Return the text, cut to `MAX_TEXT_BYTES` of UTF-8 with an ellipsis if it is longer."""
    encoded = text.encode()
    if len(encoded) <= MAX_TEXT_BYTES:
        return text
    return encoded[: MAX_TEXT_BYTES - 3].decode(errors="ignore") + "…"


def _packed(message: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed
