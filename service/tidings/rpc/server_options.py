"""The gRPC server's limits for callers, and the options that set them."""

from __future__ import annotations

from tidings.core.limits import KIB, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES
from tidings.rpc.budget import MAX_CALLS

MAX_CONNECTIONS = 10_000
"""At a time, on each address; as many as HTTP has by default."""

MAX_METADATA_BYTES = 16 * KIB
"""Of one call, with 32 bytes more for each entry, as HTTP/2 counts."""

MAX_HELD_CALLS = 2 * MAX_CALLS
"""With calls whose request has not arrived: nothing else counts them; each takes about 20 KiB."""

OPTIONS = (
    ("grpc.so_reuseport", 0),  # a second server on a port must fail, not share it silently
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
    ("grpc.max_send_message_length", MAX_RESPONSE_BYTES),
    # The largest credential of 8 KiB, and what else a call says of itself. Both alike: between the
    # two gRPC refuses at random.
    ("grpc.max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
    # gRPC applies that limit only to clients that have acknowledged it, and 16 MiB until then. All
    # clients acknowledge it before their first call; a connection that does not is closed.
    ("grpc.http2.settings_timeout", 10_000),
    # Beyond its backlog gRPC answers new calls with CANCELLED, which no client retries:
    # 1000 calls by default, which a thundering herd exceeds. We refuse those above our own limit.
    ("grpc.server.max_pending_requests", MAX_CALLS),
    ("grpc.server.max_pending_requests_hard_limit", MAX_HELD_CALLS),
    # for TLS and the first frame; after that the idle limit applies
    ("grpc.server_handshake_timeout_ms", 10_000),
    # For clients that offer gzip, the fastest level; `tidings.rpc.observing` says what is left as
    # it is.
    ("grpc.default_compression_level", 1),
    ("grpc.max_connection_idle_ms", 15 * 60_000),
    ("grpc.max_allowed_incoming_connections", MAX_CONNECTIONS),
    # a dead peer is noticed within 80 s, also behind a firewall that forgets idle connections
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_ping_strikes", 2),
    (
        "grpc.http2.min_ping_interval_without_data_ms",
        10_000,
    ),  # the shortest interval for pings of clients
)
