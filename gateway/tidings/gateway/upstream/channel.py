"""The channel to the service: the only file that makes one."""

from __future__ import annotations

import grpc

# The service's own limit; what it answers fits into what gRPC takes by itself.
_MAX_REQUEST_BYTES = 5 * 1024**2
_OPTIONS = (
    # Nothing but identity: over a unix socket, or within a rack, to compress costs more than bytes.
    ("grpc.compression_enabled_algorithms_bitset", 1),
    ("grpc.max_send_message_length", _MAX_REQUEST_BYTES),
    # With its defaults, 1 s growing to 120, a service that is back would go unnoticed for long.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    # What a stream may buffer before it is drawn: one message of the service's. By default gRPC
    # raises it to some MB, for each of 500 streams of clients that never read.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", 256 * 1024),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.use_local_subchannel_pool", 1),  # two gateways of one process are two clients
)


def open_channel(
    target: str, credentials: grpc.ChannelCredentials | None, tls_name: str
) -> grpc.aio.Channel:
    """Return a channel to "HOST:PORT" or "unix:PATH", to be made inside the running loop.

    With credentials it speaks TLS, and the service's certificate is for `tls_name`, "" = the host.
    """
    if credentials is None:
        return grpc.aio.insecure_channel(target, options=_OPTIONS)
    named = (("grpc.ssl_target_name_override", tls_name),) if tls_name else ()
    return grpc.aio.secure_channel(target, credentials, options=(*_OPTIONS, *named))
