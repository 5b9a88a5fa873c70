"""Callers that cancel, and the error that gRPC then raises while something is written to them."""

from __future__ import annotations

import grpc


def is_of_leaving(error: Exception) -> bool:
    """Return whether an error is the one that gRPC raises for a call that its caller has cancelled.

    What was being written then fails before the call is cancelled.
    """
    if isinstance(error, ExceptionGroup):
        return all(map(is_of_leaving, error.exceptions))
    # a server that has stopped raises the same; wrong usage is a bug of ours
    return isinstance(error, grpc.aio.BaseError) and not isinstance(error, grpc.aio.UsageError)
