"""The bar of an upload and the line at its end."""

from __future__ import annotations

import sys

import pytest

from tidings.app.commands.progress import Counts, Line, Progress


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        (Counts(), "0 stored in 1.5 s"),
        (Counts(stored=3), "3 stored in 1.5 s"),
        (Counts(stored=3, duplicates=1), "3 stored, 1 duplicate in 1.5 s"),
        (Counts(duplicates=2, refused=4), "0 stored, 2 duplicates, 4 refused in 1.5 s"),
    ],
)
def test_the_end_is_told_in_words(counts: Counts, told: str) -> None:
    assert counts.told(1.5) == told


@pytest.mark.parametrize(
    ("size_bytes", "read_bytes", "bar"),
    [
        (1000, 500, "[############............]  50%  6 answered, 3/s, 1 refused"),
        (1000, 1000, "[########################] 100%  6 answered, 3/s, 1 refused"),
        (1000, 0, "[........................]   0%  6 answered, 3/s, 1 refused"),
        (1000, 2000, "[########################] 100%  6 answered, 3/s, 1 refused"),
        (None, 500, "6 answered, 3/s, 1 refused"),
        (0, 0, "6 answered, 3/s, 1 refused"),
    ],
)
def test_the_bar(size_bytes: int | None, read_bytes: int, bar: str) -> None:
    clock = Clock()
    progress = Progress(size_bytes, clock)
    clock.now_s += 2.0
    assert progress.bar(Counts(stored=5, refused=1), read_bytes) == bar


@pytest.mark.parametrize(
    ("is_terminal", "term", "is_shown"),
    [(True, "xterm", True), (True, "dumb", False), (True, None, False), (False, "xterm", False)],
)
def test_a_bar_is_for_terminals_that_can_draw_it(
    is_terminal: bool,  # noqa: FBT001 - a row of the table
    term: str | None,
    is_shown: bool,  # noqa: FBT001 - as above
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    monkeypatch.delenv("TERM", raising=False)
    if term is not None:
        monkeypatch.setenv("TERM", term)
    clock = Clock()
    progress = Progress(None, clock)
    progress.show(Counts(), 0)
    assert capsys.readouterr().err == "", "not before it is time"
    clock.now_s += 1.0
    progress.show(Counts(), 0)
    progress.hide()
    drawn = "\r\x1b[K0 answered, 0/s\r\x1b[K"
    assert capsys.readouterr().err == (drawn if is_shown else "")


def test_a_line_that_cannot_be_written_over_is_a_new_one_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    plain, silent = Line(plain_every_s=10.0, clock=clock), Line(clock=clock)
    for second in range(25):
        clock.now_s = 100.0 + second
        plain.show(f"{second}")
        silent.show(f"{second}")
    plain.end("done")
    assert capsys.readouterr().err == "10\n20\ndone\n"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    drawn = Line(plain_every_s=10.0, clock=clock)
    drawn.show("at once")
    drawn.show("too early")
    clock.now_s += 0.25
    drawn.show("later")
    drawn.end("done")
    assert capsys.readouterr().err == "".join(
        f"\r\x1b[K{text}" for text in ("at once", "later", "done\n")
    )
