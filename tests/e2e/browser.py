"""A real Chromium for tests, in a process and an environment of its own."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE_S

_PROGRAM = Path(__file__).parent / "programs/browser.py"

# What Chromium itself says of a connection that fails or breaks, which no page can keep it from.
_NETWORK = "console: Failed to load resource: net::"

TONES = """Object.fromEntries(["good", "bad", "busy"].map((tone) => {
    const probe = document.createElement("i");
    probe.className = tone;
    document.body.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return [color, tone];
}))"""
"""In JavaScript: the console's tones of states, by their colours."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a page keeps: its heap with what lies beside it, elements and texts, and listeners."""

    bytes: int
    nodes: int
    listeners: int


class Browser:
    """One page of one browser. Every method waits until it is done."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tell(self, method: str, *arguments: object, **named: object) -> Any:
        """Call a method of Playwright's page, or of the program's own."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([method, arguments, named]), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def open(self, url: str, **options: object) -> None:
        """Open a new page, with options of Playwright's contexts, at an address."""
        self.tell("new", **options)
        self.tell("goto", url)

    def evaluate(self, expression: str, argument: object = None) -> Any:
        """Return what an expression of JavaScript is on the page."""
        return self.tell("evaluate", expression, argument)

    def until(self, expression: str, argument: object = None) -> None:
        """Wait until an expression is true on the page, and fail if it never is."""
        seen = f"{self.text('body')[:2000]}\n{self.report()['problems']}"
        came = self.tell("until", expression, argument, PATIENCE_S)
        assert came, f"{expression} ({argument}) never came; before: {seen}"

    def idle(self) -> None:
        """Wait until nothing is being asked for, but streams that have no end."""
        assert self.tell("idle", PATIENCE_S), f"never idle: {self.text('body')[:2000]}"

    def sees(self, selector: str, text: str = "") -> None:
        """Wait until an element that a selector finds holds a text."""
        self.until(
            "([selector, text]) => [...document.querySelectorAll(selector)]"
            ".some((each) => each.textContent.includes(text))",
            [selector, text],
        )

    def texts(self, selector: str) -> list[str]:
        """Return the texts of all elements that a selector finds."""
        script = "(selector) => [...document.querySelectorAll(selector)].map((e) => e.textContent)"
        found: list[str] = self.evaluate(script, selector)
        return found

    def text(self, selector: str) -> str:
        """Return the text of the first element that a selector finds, "" without one."""
        return next(iter(self.texts(selector)), "")

    def click(self, selector: str) -> None:
        self.tell("click", selector)

    def fill(self, selector: str, text: str) -> None:
        self.tell("fill", selector, text)

    def press(self, selector: str, key: str) -> None:
        self.tell("press", selector, key)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag the mouse from one point of the window to another."""
        self.tell("drag", start, end)

    def memory(self) -> Memory:
        """Return what the page keeps, after its garbage was collected."""
        return Memory(**self.tell("memory"))

    def report(self) -> dict[str, Any]:
        """Return the problems and the requests of this page since it was opened."""
        found: dict[str, Any] = self.tell("report")
        return found

    def problems(self, *, is_cut_off: bool = False) -> list[str]:
        """Return what went wrong; `is_cut_off` leaves out connections that failed."""
        found = self.report()["problems"]
        return [each for each in found if not (is_cut_off and each.startswith(_NETWORK))]


@contextlib.contextmanager
def browsing(python: Path) -> Iterator[Browser]:
    """Lend a browser, run by the interpreter that has Playwright."""
    chromium = shutil.which("chromium")
    assert chromium, "chromium is not installed: it is Debian's package of that name"
    command = [str(python), str(_PROGRAM), chromium]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Browser(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(PATIENCE_S)
