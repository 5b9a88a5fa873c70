"""Transcripts: conversations as text files, requests and the exact answers to them.

A line `> …` is sent, a line `< …` is what comes back, a line `# …` is a remark. Every request comes
on a connection of its own. In what is read, `⏎` is a line feed and `<uuid>` stands for any UUID;
the Date header is left out, and so is the length of what is sent. An answer in chunks ends with
`< (end)`, or goes on when the client leaves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.gateway.doors.rig import Answer, Connection, Http, request_bytes

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_END = "(end)"


@dataclass
class Exchange:
    """One request and the answer that is expected, line by line."""

    sent: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)


def parse(text: str) -> list[Exchange]:
    """Return the exchanges of a transcript."""
    exchanges: list[Exchange] = []
    for line in text.splitlines():
        if line.startswith(">"):
            if not exchanges or exchanges[-1].expected:
                exchanges.append(Exchange())
            exchanges[-1].sent.append(line[2:])
        elif line.startswith("<"):
            exchanges[-1].expected.append(line[2:])
        else:
            assert not line or line.startswith("#"), line
    return exchanges


def play(http: Http, exchange: Exchange) -> list[str]:
    """Send the request and return what comes back, as it would stand in a transcript."""
    gap = exchange.sent.index("") if "" in exchange.sent else len(exchange.sent)
    first, *headers = exchange.sent[:gap]
    method, target, version = first.split(" ")
    assert version == "HTTP/1.1"
    body = "\n".join(exchange.sent[gap + 1 :]).encode()
    assert headers.pop(0) == "Host: tidings"
    with http.connection() as connection:
        connection.send(request_bytes(method, target, headers, body))
        return list(_read(connection, method, exchange.expected))


def _read(connection: Connection, method: str, expected: list[str]) -> Iterator[str]:
    answer = connection.head()
    yield f"HTTP/1.1 {answer.status} {answer.reason}"
    yield from (f"{name}: {value}" for name, value in answer.headers.items())
    if answer.headers.get("transfer-encoding") == "chunked":
        yield ""
        yield from _read_chunks(connection, expected)
    elif body := _read_body(connection, method, answer):
        yield ""
        yield _shown(body)


def _read_body(connection: Connection, method: str, answer: Answer) -> bytes:
    size_bytes = 0 if method == "HEAD" else int(answer.headers.get("content-length", "0"))
    return connection.read(size_bytes)


def _read_chunks(connection: Connection, expected: list[str]) -> Iterator[str]:
    lines = expected[expected.index("") + 1 :]
    has_end = lines[-1:] == [_END]
    for line in connection.lines(len(lines) - has_end):
        yield _shown(line)
    if has_end:
        assert connection.chunk() == b""
        yield _END


def _shown(text: bytes) -> str:
    return _UUID.sub("<uuid>", text.decode(errors="backslashreplace").replace("\n", "⏎"))
