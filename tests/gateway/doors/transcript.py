"""Transcripts: conversations as text files, requests and the exact answers to them.

A line `> …` is sent, a line `< …` is what comes back, a line `# …` is a remark. Every request comes
on a connection of its own. In what is read, `⏎` is a line feed and `<uuid>` stands for any UUID;
the Date header is left out, and so is the length of what is sent. An answer in chunks ends with
`< (end)`, or goes on when the client leaves. `<2>` stands for a position, the same wherever it
comes again: 2 in a store without gaps, and whichever it is in one where keys take positions too.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.kit.http import Answer, Connection, Http, request_bytes

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_POSITION = re.compile(r"<(\d+)>")
_END = "(end)"
Positions = dict[str, str]
"""What stands for each position that was seen."""


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


def play(http: Http, exchange: Exchange, positions: Positions) -> list[str]:
    """Send the request and return what comes back, as it would stand in a transcript.

    Learns positions that come for the first time.
    """
    sent = [_POSITION.sub(lambda found: positions[found[1]], line) for line in exchange.sent]
    gap = sent.index("") if "" in sent else len(sent)
    first, *headers = sent[:gap]
    method, target, version = first.split(" ")
    assert version == "HTTP/1.1"
    body = "\n".join(sent[gap + 1 :]).encode()
    assert headers.pop(0) == "Host: tidings"
    with http.connection() as connection:
        connection.send(request_bytes(method, target, headers, body))
        lines = list(_read(connection, method, exchange.expected))
    pairs = itertools.zip_longest(lines, exchange.expected[: len(lines)], fillvalue="")
    return [_named(line, expected, positions) for line, expected in pairs]


def _named(line: str, expected: str, positions: Positions) -> str:
    """Return what was expected if the line is that, once its positions are filled in."""
    names = _POSITION.findall(expected)
    numbers = re.fullmatch(r"(\d+)".join(map(re.escape, _POSITION.split(expected)[::2])), line)
    if numbers is None:
        return line
    seen = zip(names, numbers.groups(), strict=True)
    return expected if all(positions.setdefault(a, b) == b for a, b in seen) else line


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
