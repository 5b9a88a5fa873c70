"""Callers who leave in the middle, and what gRPC then says to whoever was writing to them."""

from __future__ import annotations

import grpc


def is_of_leaving(error: Exception) -> bool:
    """Say whether an error is what gRPC says of a call whose caller has left, and nothing else.

    What was being written then fails before the call is cancelled.
    """
    if isinstance(error, ExceptionGroup):
        return all(map(is_of_leaving, error.exceptions))
    # of a server that has stopped it says the same; a use that is wrong is a mistake of ours
    return isinstance(error, grpc.aio.BaseError) and not isinstance(error, grpc.aio.UsageError)
