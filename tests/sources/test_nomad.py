"""The source of a Nomad: what it asks, what it records, and when it tells of a gap."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.kit.loop import run_async, scenario
from tests.patience import PATIENCE_S
from tests.sources.upstreams import Answer, Asked, Noted, upstream
from tidings.sources import nomad
from tidings.sources.failure import UpstreamFailed
from tidings.sources.nomad import NomadSource
from tidings.sources.target import Target


def line(index: int, *, key: str = "web") -> bytes:
    event = {
        "Topic": "Job", "Type": "JobRegistered", "Key": key, "Namespace": "default",
        "FilterKeys": None, "Index": index, "Payload": {"Job": {"ID": key}},
    }  # fmt: skip
    return json.dumps({"Index": index, "Events": [event]}).encode() + b"\n"


def follow(
    pieces: Sequence[bytes], position: str = "", *, token_file: str = ""
) -> tuple[Noted, UpstreamFailed, Asked]:
    """Follow a stream of these pieces to its end; return what came of it."""
    noted = Noted()
    asked: list[Asked] = []

    async def handler(request: Asked, answer: Answer) -> None:
        asked.append(request)
        await answer.begin()
        for piece in pieces:
            await answer.chunk(piece)
        await answer.end()

    async def main() -> UpstreamFailed:
        async with upstream(handler) as url:
            source = NomadSource("prod", Target(url, token_file), topics=["Job", "Node:*"])
            with pytest.raises(UpstreamFailed) as caught:
                await source.follow(position, noted)
            return caught.value

    return noted, run_async(main()), asked[0]


COURSES = [
    pytest.param([b"{}\n"], "", ["connected", "begin 0"], id="a heartbeat is no event"),
    pytest.param(
        [b"{}\n", line(7) + line(7, key="api"), line(9)],
        "",
        ["connected", "begin 0", "put 7", "put 7", "put 9"],
        id="a first run takes the backlog",
    ),
    pytest.param(
        [line(7), line(9)], "7", ["connected", "put 7", "put 9"], id="what joins has no gap"
    ),
    pytest.param(
        [line(7)],
        "0",
        ["connected", "lost 0..7: its buffer begins later", "put 7"],
        id="one that has begun, and stored nothing that is known",
    ),
    pytest.param(
        [line(12)],
        "7",
        ["connected", "lost 7..12: its buffer begins later", "put 12"],
        id="a buffer that begins later",
    ),
    pytest.param(
        [line(3), line(8)],
        "7",
        ["connected", "lost 7..3: its index went back", "put 3", "put 8"],
        id="another cluster, or a server that is behind",
    ),
    pytest.param(
        [line(7)[:10], line(7)[10:60], line(7)[60:]],
        "",
        ["connected", "begin 0", "put 7"],
        id="a line in pieces",
    ),
    pytest.param(
        [line(7), b'{"Index": 8, "Events": [{"Topic"]}\n', line(9)],
        "7",
        ["connected", "put 7", "lost 7..: a line is not understood: ", "put 9"],
        id="a line that is none",
    ),
    pytest.param(
        [line(7), b"event dropped from buffer"],
        "7",
        ["connected", "put 7"],
        id="an old Nomad's last words have no line end",
    ),
]


@pytest.mark.parametrize(("pieces", "position", "said"), COURSES)
def test_a_stream_is_recorded_and_what_may_be_missing_is_told(
    pieces: Sequence[bytes], position: str, said: Sequence[str]
) -> None:
    noted, failure, _ = follow(pieces, position)
    assert failure.reason == "ended the stream"
    assert len(noted.said) == len(said)
    for told, expected in zip(noted.said, said, strict=True):
        assert told.startswith(expected)


def test_it_asks_for_what_is_set_and_keys_are_those_of_a_published_line(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    noted, _, asked = follow([line(7)], "7", token_file=str(token))
    assert (asked.method, asked.path) == ("GET", "/v1/event/stream")
    assert asked.query == {"index": ["7"], "namespace": ["*"], "topic": ["Job", "Node:*"]}
    assert asked.headers["x-nomad-token"] == "s3cret"
    (draft,) = noted.drafts
    assert draft.key.startswith("prod/7/")
    assert draft.events[0].source == "prod"


def test_a_line_that_is_too_long_is_a_gap_and_the_next_is_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nomad, "MAX_LINE_BYTES", 1000)
    long = line(8, key="x" * 2000)
    noted, _, _ = follow([line(7), long[:900], long[900:], line(9)], "7")
    assert noted.said == ["connected", "put 7", "lost 7..: a line is too long", "put 9"]
    assert noted.failures == [""]


def test_a_silent_stream_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nomad, "SILENCE_S", PATIENCE_S / 40)
    noted = Noted()

    async def handler(request: Asked, answer: Answer) -> None:
        await answer.begin()
        await answer.chunk(b"{}\n")

    async def main() -> None:
        async with upstream(handler) as url:
            with pytest.raises(UpstreamFailed, match="fell silent"):
                await NomadSource("prod", Target(url)).follow("", noted)

    run_async(main())
    assert noted.said == ["connected", "begin 0"]


@scenario
async def test_a_server_that_is_away_is_a_failure_and_so_is_a_cut() -> None:
    async def handler(request: Asked, answer: Answer) -> None:
        await answer.begin()
        await answer.chunk(line(7)[:20])
        answer.cut()

    async with upstream(handler) as url:
        source = NomadSource("prod", Target(url))
        with pytest.raises(UpstreamFailed, match=r"the connection broke|in the middle"):
            await source.follow("", Noted())
    with pytest.raises(UpstreamFailed, match="is not reached: Connection refused"):
        await source.follow("", Noted())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "the token file cannot be read"),
        ("", "the token file is empty"),
        ("ü", "the token file cannot be read"),
    ],
)
def test_a_token_that_cannot_be_read_is_named(
    tmp_path: Path, content: str | None, reason: str
) -> None:
    token = tmp_path / "token"
    if content is not None:
        token.write_text(content, encoding="utf-8")
    with pytest.raises(UpstreamFailed, match=reason):
        run_async(NomadSource("prod", Target("http://127.0.0.1:9", str(token))).follow("", Noted()))
