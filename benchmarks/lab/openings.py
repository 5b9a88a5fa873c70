"""What a reader sends to be given a stream, whole and once, in each protocol."""

from __future__ import annotations

import struct

_WINDOW = 2**31 - 1


def http(path: str) -> bytes:
    """Return a GET whose answer does not end."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


def websocket(path: str) -> bytes:
    """Return a websocket's handshake."""
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n{upgrade}{key}\r\n".encode()


def grpc(path: str, request: bytes) -> bytes:
    """Return one call with one request, and windows that take 2 GiB without another word."""
    headers = b"".join(
        _header(name, value)
        for name, value in (
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":path", path.encode()),
            (b":authority", b"bench"),
            (b"te", b"trailers"),
            (b"content-type", b"application/grpc"),
        )
    )
    message = b"\0" + struct.pack(">I", len(request)) + request
    return b"".join(
        (
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            _frame(4, 0, 0, struct.pack(">HI", 4, _WINDOW)),  # SETTINGS_INITIAL_WINDOW_SIZE
            _frame(4, 1, 0, b""),  # the server's own settings are acknowledged unseen
            _frame(8, 0, 0, struct.pack(">I", _WINDOW - 65535)),
            _frame(1, 4, 1, headers),
            _frame(0, 1, 1, message),
        )
    )


def _frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    return struct.pack(">I", len(body))[1:] + struct.pack(">BBI", kind, flags, stream) + body


def _header(name: bytes, value: bytes) -> bytes:
    assert max(len(name), len(value)) < 127
    return b"\0" + bytes((len(name),)) + name + bytes((len(value),)) + value
