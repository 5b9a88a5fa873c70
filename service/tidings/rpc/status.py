"""Which gRPC status each kind of failure becomes: one table, and the rich error made from it."""

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

DOMAIN = "tidings"
MAX_TEXT_BYTES = 1024
"""Of a message and of each detail, which share 8 KiB of metadata, grpc's soft limit."""


RETRY_MS = 1000
"""After what time who met a full queue may come again; a commit takes some milliseconds."""


class NotOffered(errors.TidingsError):
    """This server does not offer what was asked for: what, as the subject of a sentence."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not offered by this server")
        self.what = what


class Row(NamedTuple):
    """A status, and the reason in ErrorInfo, which clients may rely on."""

    code: grpc.StatusCode
    reason: str


_Code = grpc.StatusCode
TABLE: Mapping[type[errors.TidingsError], Row] = MappingProxyType(
    {
        errors.BadRequest: Row(_Code.INVALID_ARGUMENT, "BAD_REQUEST"),
        errors.PayloadTooLarge: Row(_Code.RESOURCE_EXHAUSTED, "PAYLOAD_TOO_LARGE"),
        errors.NotFound: Row(_Code.NOT_FOUND, "NOT_FOUND"),
        errors.OrderRefused: Row(_Code.FAILED_PRECONDITION, "ORDER_REFUSED"),
        errors.KeyReused: Row(_Code.ALREADY_EXISTS, "KEY_REUSED"),
        errors.SeqConflict: Row(_Code.ABORTED, "SEQ_CONFLICT"),
        errors.PositionAhead: Row(_Code.OUT_OF_RANGE, "POSITION_AHEAD"),
        errors.WrongLog: Row(_Code.FAILED_PRECONDITION, "WRONG_LOG"),
        errors.CursorExpired: Row(_Code.OUT_OF_RANGE, "CURSOR_EXPIRED"),
        errors.Unauthenticated: Row(_Code.UNAUTHENTICATED, "UNAUTHENTICATED"),
        errors.Denied: Row(_Code.PERMISSION_DENIED, "DENIED"),
        errors.Busy: Row(_Code.RESOURCE_EXHAUSTED, "BUSY"),
        errors.LogClosed: Row(_Code.UNAVAILABLE, "GOING_DOWN"),
        errors.StoreUnavailable: Row(_Code.UNAVAILABLE, "STORE_UNAVAILABLE"),
        errors.StateConflict: Row(_Code.ABORTED, "STATE_CONFLICT"),
        errors.StoreCorrupt: Row(_Code.DATA_LOSS, "STORE_CORRUPT"),
        errors.StoreLocked: Row(_Code.UNAVAILABLE, "STORE_LOCKED"),
        errors.StoreUnfit: Row(_Code.FAILED_PRECONDITION, "STORE_UNFIT"),
        NotOffered: Row(_Code.UNIMPLEMENTED, "NOT_OFFERED"),
    }
)


def row_of(error: errors.TidingsError) -> Row:
    """Return the status of an error: its own kind's, else that of the nearest kind above it."""
    for kind in type(error).__mro__:
        if kind in TABLE:
            return TABLE[kind]
    raise AssertionError(type(error))  # the table lacks a kind


def status_of(error: errors.TidingsError) -> status_pb2.Status:
    """Return the rich error: ErrorInfo with the error's numbers, BadRequest for a bad field."""
    row = row_of(error)
    message = shortened(str(error))
    info = error_details_pb2.ErrorInfo(reason=row.reason, domain=DOMAIN)
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
    if isinstance(error, errors.Busy):
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(RETRY_MS)
        status.details.append(_packed(retry))
    if isinstance(error, errors.BadRequest):
        bad = error_details_pb2.BadRequest()
        bad.field_violations.add(field=shortened(error.path), description=shortened(error.reason))
        status.details.append(_packed(bad))
    return status


def internal(request_id: str) -> status_pb2.Status:
    """Return what a caller hears of a failure that nobody foresaw: where to look for it."""
    info = error_details_pb2.ErrorInfo(reason="INTERNAL", domain=DOMAIN)
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
