"""The maximum age of gRPC connections."""

from __future__ import annotations


def age_options(age_s: float | None, grace_s: float) -> tuple[tuple[str, int], ...]:
    """Return the options that close connections at an age, after a grace period for their calls.

    None = no maximum. gRPC varies the age by a tenth, so that not all of them
    end together.
    """
    if age_s is None:
        return ()
    return (
        ("grpc.max_connection_age_ms", max(1, round(age_s * 1000))),
        ("grpc.max_connection_age_grace_ms", max(1, round(grace_s * 1000))),
    )
