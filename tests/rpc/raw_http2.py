"""A gRPC client that sends what it likes and reads what it likes: frames of HTTP/2 by hand."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.patience import PATIENCE_S

DATA, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE = 0, 1, 3, 4, 8
END_STREAM, END_HEADERS = 1, 4
ACK = 1


def window_of(count: int) -> bytes:
    """Return the setting that lets so many bytes be sent on a new stream, and then no more."""
    return struct.pack(">HI", 4, count)


NO_WINDOW = window_of(0)


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    head = struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream)
    return head + payload


def literal(name: str, value: str) -> bytes:
    """Return a header field, in no table and short."""
    texts = [text.encode() for text in (name, value)]
    assert all(len(text) < 127 for text in texts)
    return b"\0" + b"".join(bytes((len(text),)) + text for text in texts)


def remembered(name: str, value: str) -> bytes:
    """Return a header field that goes into the table, as its newest entry."""
    texts = [text.encode() for text in (name, value)]
    return b"\x40" + b"".join(_length(len(text)) + text for text in texts)


NEWEST = b"\xbe"
"""The newest entry of the table, once more."""


def _length(count: int) -> bytes:
    if count < 127:
        return bytes((count,))
    rest, coded = count - 127, b"\x7f"
    while rest >= 128:
        coded += bytes((rest % 128 + 128,))
        rest //= 128
    return coded + bytes((rest,))


class RawClient:
    """One connection. Streams are numbered as they are opened."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self._next = 1

    def greet(self, settings: bytes = b"", *, acknowledges: bool = True) -> None:
        """Send what a client begins with, and that it knows the server's limits."""
        ack = frame(SETTINGS, ACK, 0, b"") if acknowledges else b""
        own = frame(SETTINGS, 0, 0, settings)
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + own + ack)

    def call(
        self,
        method: str,
        request: bytes | None,
        *,
        service: str = "tidings.v1.EventService",
        extra: bytes = b"",
    ) -> int:
        """Send one whole call, or no more than its head (None); return its stream."""
        stream, self._next = self._next, self._next + 2
        fields = {
            ":method": "POST",
            ":scheme": "http",
            ":path": f"/{service}/{method}",
            ":authority": "a",
            "content-type": "application/grpc",
            "te": "trailers",
        }
        head = b"".join(literal(name, value) for name, value in fields.items()) + extra
        self.socket.sendall(frame(HEADERS, END_HEADERS, stream, head))
        if request is not None:
            body = b"\0" + struct.pack(">I", len(request)) + request
            self.socket.sendall(frame(DATA, END_STREAM, stream, body))
        return stream

    def let_come(self, stream: int, count: int) -> None:
        """Let so many bytes more be sent on a stream."""
        for each in (0, stream):  # the connection has a window of its own
            self.socket.sendall(frame(WINDOW_UPDATE, 0, each, struct.pack(">I", count)))

    def until_reset(self) -> None:
        """Read until the server refuses a stream."""
        self._read_until(lambda kind, _: kind == RST_STREAM)

    def until_ended(self) -> None:
        """Read until the server ends a stream."""
        self._read_until(lambda kind, flags: kind == HEADERS and bool(flags & END_STREAM))

    def _read_until(self, is_last: Callable[[int, int], bool]) -> None:
        with self.socket.makefile("rb") as stream:
            kind = flags = -1
            while not is_last(kind, flags):
                head = stream.read(9)
                assert len(head) == 9, "closed"
                kind, flags = head[3], head[4]
                stream.read(int.from_bytes(head[:3], "big"))

    def is_closed_by_server(self) -> bool:
        """Read to the end of the connection; False = it stays."""
        try:
            while self.socket.recv(65_536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True


@contextmanager
def raw_client(address: str) -> Iterator[RawClient]:
    """Connect to "unix:PATH"."""
    with socket.socket(socket.AF_UNIX) as connected:
        connected.settimeout(PATIENCE_S)
        connected.connect(address.removeprefix("unix:"))
        yield RawClient(connected)
