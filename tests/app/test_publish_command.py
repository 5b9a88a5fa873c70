"""Why a stream of drafts ended, where grpc has lost the reason."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import pytest

from tests.aio import run_async
from tidings.app.publish_command import reason_of

Code = grpc.StatusCode


def failure(code: grpc.StatusCode, details: str) -> grpc.aio.AioRpcError:
    nothing = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(code, nothing, nothing, details=details)


LOST = failure(Code.INTERNAL, "Internal error from Core")
REFUSED = failure(Code.UNAUTHENTICATED, "the credential is unknown")


@pytest.mark.parametrize(
    ("error", "again", "reason", "asked"),
    [
        (LOST, REFUSED, REFUSED, 1),
        (LOST, None, LOST, 1),
        (REFUSED, None, REFUSED, 0),
    ],
)
def test_a_reason_that_was_lost_is_asked_for(
    error: grpc.aio.AioRpcError,
    again: grpc.aio.AioRpcError | None,
    reason: grpc.aio.AioRpcError,
    asked: int,
) -> None:
    calls: list[list[Any]] = []

    class Stub:
        async def PublishStream(self, requests: Iterator[Any]) -> AsyncIterator[Any]:
            calls.append([])
            for request in requests:
                calls[-1].append(request)
                yield request
            if again is not None:
                raise again

    stub: Any = Stub()

    async def main() -> None:
        assert await reason_of(error, stub) is reason

    run_async(main())
    assert calls == [[]] * asked
