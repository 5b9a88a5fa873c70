"""What a command says of a service that it does not reach, or no longer."""

from __future__ import annotations

import grpc
import pytest
from grpc_status import rpc_status

from tidings.app.client import explain
from tidings.core.errors import DISK_FULL, LogClosed, StoreUnavailable, TidingsError
from tidings.rpc.status import status_of

UPSTREAM = "127.0.0.1:4651"
NOT_GRPC = "Failed parsing HTTP/2 (Expected SETTINGS frame as the first frame"
OTHER = "--upstream takes the other address that the server prints, grpc=HOST:PORT"


def told_by_service(error: TidingsError) -> grpc.aio.AioRpcError:
    rich = rpc_status.to_status(status_of(error))
    trailing = grpc.aio.Metadata(*rich.trailing_metadata)
    return grpc.aio.AioRpcError(rich.code, grpc.aio.Metadata(), trailing, details=rich.details)


def unreached(details: str) -> grpc.aio.AioRpcError:
    nothing = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, nothing, nothing, details=details)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            told_by_service(LogClosed()),
            f"the service is going down; is it running again? tried {UPSTREAM}",
        ),
        (
            told_by_service(StoreUnavailable(f"writing: {DISK_FULL}", DISK_FULL)),
            "the store failed: writing: disk full (UNAVAILABLE)",
        ),
        (
            unreached("failed to connect to all addresses; last error: Connection refused"),
            f"the service does not answer; is it running? tried {UPSTREAM} (Connection refused)",
        ),
        (
            unreached(f"{NOT_GRPC}, got frame type 80) (Trying to connect an http1.x server)"),
            f"no gRPC is spoken there: tried {UPSTREAM}, which speaks HTTP; {OTHER}",
        ),
        (
            # what the address for metrics, an SSH or a NATS server answers
            unreached(f"{NOT_GRPC}, got frame type 79)"),
            f"no gRPC is spoken there: tried {UPSTREAM}; {OTHER}",
        ),
    ],
)
def test_one_line_says_what_failed(error: grpc.aio.AioRpcError, text: str) -> None:
    assert explain(error, UPSTREAM) == text
