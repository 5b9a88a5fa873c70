"""The command line's connection to a service."""

from __future__ import annotations

import grpc

_MAX_MESSAGE_BYTES = 16 * 1024 * 1024  # the service's own limit


def client_channel(upstream: str) -> grpc.aio.Channel:
    """Return a channel to HOST:PORT or unix:PATH; `async with` closes it."""
    return grpc.aio.insecure_channel(
        upstream,
        options=[
            ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
        ],
    )


def explain(error: grpc.aio.AioRpcError) -> str:
    """Return one line that says what failed, for people."""
    detail = (error.details() or "no reason given").splitlines()[0]
    return f"{detail} ({error.code().name})"
