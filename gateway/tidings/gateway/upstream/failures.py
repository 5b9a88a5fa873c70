"""Why the service refused or broke a call, and whether that call may be made again."""

from __future__ import annotations

import grpc
from google.rpc import error_details_pb2

from tidings.gateway.transcode.status import status_of

Failure = grpc.aio.AioRpcError
_CANCELLED = grpc.StatusCode.CANCELLED


def reason_of(error: Failure) -> str:
    """Return the reason in an error's ErrorInfo, "" when it has none."""
    return str(_info_of(error).reason)


def problem_of(error: Failure) -> str:
    """Return what is wrong with a refused credential: missing, unknown, expired, revoked, invalid.

    "" when the service does not say.
    """
    return str(_info_of(error).metadata.get("problem", ""))


def flaw_of(error: Failure) -> str:
    """Return what of an invalid credential is wrong: signature, audience, issuer and others.

    "" when the service does not say.
    """
    return str(_info_of(error).metadata.get("flaw", ""))


def _info_of(error: Failure) -> error_details_pb2.ErrorInfo:
    info = error_details_pb2.ErrorInfo()
    for detail in status_of(error).details:
        if detail.Unpack(info):
            return info
    return info


def retry_after_s(error: Failure) -> float | None:
    """Return when the service asks to be called again; None = it does not say.

    Who says it has too much to do, and has not begun.
    """
    info = error_details_pb2.RetryInfo()
    for detail in status_of(error).details:
        if detail.Unpack(info):
            return float(info.retry_delay.seconds + info.retry_delay.nanos / 1e9)
    return None


def reads_again(error: Failure) -> bool:
    """Say whether a call that only reads may be made again: the service was gone, not its store."""
    is_lost = was_lost(error) and reason_of(error) != "STORE_UNAVAILABLE"
    return is_lost or retry_after_s(error) is not None


def was_lost(error: Failure) -> bool:
    """Say whether a call broke off without an answer to what it was: the other side went away.

    CANCELLED is what a service says that ends calls, or has no place for them: nobody here does.
    """
    return error.code() in (grpc.StatusCode.UNAVAILABLE, _CANCELLED)


def was_not_begun(error: Failure) -> bool:
    """Say whether the service had not begun with the call, so that nothing can happen twice."""
    is_going_down = reason_of(error) == "GOING_DOWN"
    if error.code() is grpc.StatusCode.UNAVAILABLE and is_going_down:
        return True
    return retry_after_s(error) is not None


def told(error: Failure) -> Failure:
    """Return an error as callers are told of it: a call that the service has cancelled is lost.

    It may have been done or not, and clients that come again after UNAVAILABLE do so.
    """
    return away("the service broke the call off") if error.code() is _CANCELLED else error


def away(details: str = "the service does not answer") -> Failure:
    """Return what is raised when the service stays away."""
    nothing = grpc.aio.Metadata()
    return Failure(grpc.StatusCode.UNAVAILABLE, nothing, nothing, details=details)
