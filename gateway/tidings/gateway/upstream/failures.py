"""Why the service refused or broke a call, and whether that call may be made again."""

from __future__ import annotations

import grpc
from google.rpc import error_details_pb2

from tidings.gateway.transcode.status import status_of
from tidings.v1 import errors_pb2 as pb

Failure = grpc.aio.AioRpcError
NO_REASON = pb.ERROR_REASON_UNSPECIFIED
_CANCELLED = grpc.StatusCode.CANCELLED


def reason_of(error: Failure) -> pb.ErrorReason.ValueType:
    """Return the reason of the service's error; ERROR_REASON_UNSPECIFIED = none that is known."""
    name = f"ERROR_REASON_{_info_of(error).reason}"
    known = pb.ErrorReason.DESCRIPTOR.values_by_name
    return pb.ErrorReason.Value(name) if name in known else NO_REASON


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


def pause_s(error: Failure) -> float:
    """Return how long to wait before retrying a call that an overloaded service has refused.

    0 for all other errors: health says sooner that a restarted service is back.
    """
    info = error_details_pb2.RetryInfo()
    if reason_of(error) == pb.ERROR_REASON_BUSY:
        for detail in status_of(error).details:
            if detail.Unpack(info):
                return float(info.retry_delay.seconds + info.retry_delay.nanos / 1e9)
    return 0.0


def reads_again(error: Failure) -> bool:
    """Return whether a call that only reads may be retried: the service was gone, not its store."""
    if reason_of(error) == pb.ERROR_REASON_STORE_UNAVAILABLE:
        return False
    return was_lost(error) or was_not_begun(error)


def was_lost(error: Failure) -> bool:
    """Return whether a call broke without an answer: the service went away.

    CANCELLED comes from a service that goes down or is overloaded: the gateway cancels no call.
    """
    return error.code() in (grpc.StatusCode.UNAVAILABLE, _CANCELLED)


def was_not_begun(error: Failure) -> bool:
    """Return whether the service had not begun with the call, so that a retry is safe."""
    return reason_of(error) in (pb.ERROR_REASON_GOING_DOWN, pb.ERROR_REASON_BUSY)


def told(error: Failure) -> Failure:
    """Return an error as callers see it: CANCELLED by the service becomes UNAVAILABLE.

    The call may or may not have taken effect; clients retry UNAVAILABLE.
    """
    return away("the service broke the call off") if error.code() is _CANCELLED else error


def away(details: str = "the service does not answer") -> Failure:
    """Return what is raised when the service stays away."""
    nothing = grpc.aio.Metadata()
    return Failure(grpc.StatusCode.UNAVAILABLE, nothing, nothing, details=details)
