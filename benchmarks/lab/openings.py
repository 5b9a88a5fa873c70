"""What a reader sends to open a stream, at once, in each protocol."""

from __future__ import annotations

import struct

_WINDOW = 2**31 - 1
_FRAME = 16_384


def http(path: str, *headers: str) -> bytes:
    """Return a GET, whose answer does not end or which the reader repeats."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()


def websocket(path: str) -> bytes:
    """Return a websocket's handshake."""
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{upgrade}{key}\r\n".encode()


def grpc(path: str, *requests: bytes) -> bytes:
    """Return calls with one request each, and flow-control windows of 2 GiB."""
    return WINDOWS + b"".join(
        head(path, 2 * number + 1) + message(request, 2 * number + 1, is_last=True)
        for number, request in enumerate(requests)
    )


def head(path: str, stream: int) -> bytes:
    """Return what begins a call."""
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
    return _frame(1, 4, stream, headers)


def message(content: bytes, stream: int, *, is_last: bool) -> bytes:
    """Return one message of a call, the last one or not."""
    framed = b"\0" + struct.pack(">I", len(content)) + content
    pieces = [framed[at : at + _FRAME] for at in range(0, len(framed), _FRAME)]
    ends = [False] * (len(pieces) - 1) + [is_last]
    return b"".join(
        _frame(0, int(end), stream, piece) for piece, end in zip(pieces, ends, strict=True)
    )


def _frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    return struct.pack(">I", len(body))[1:] + struct.pack(">BBI", kind, flags, stream) + body


def _header(name: bytes, value: bytes) -> bytes:
    assert max(len(name), len(value)) < 127
    return b"\0" + bytes((len(name),)) + name + bytes((len(value),)) + value


WINDOWS = b"".join(
    (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        _frame(4, 0, 0, struct.pack(">HI", 4, _WINDOW)),  # SETTINGS_INITIAL_WINDOW_SIZE
        _frame(4, 1, 0, b""),  # acknowledges the server's settings without reading them
        _frame(8, 0, 0, struct.pack(">I", _WINDOW - 65535)),
    )
)
"""The start of a connection, with a flow-control window of 2 GiB."""
