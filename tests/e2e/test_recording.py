"""docs/recording.md: each command of its five minutes does what the page says, as typed there.

A Tidings stands in for the systems, since it speaks as they do; nothing else of the commands
differs but addresses, ports, folders and names of files.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.kit.replacing import replaced
from tests.kit.server import Server, nomad_line
from tests.patience import PATIENCE_S, until
from tidings.app.source_settings import SourceSettings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/recording.md").read_text()
(SECTION,) = re.findall(
    r"^## A real Nomad in five minutes\n(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL
)


def commands() -> list[str]:
    """Return all that a reader may type, in the section's order."""
    found = re.findall(r"^```sh\n(.*?)^```|`([^`]+)`", SECTION, re.MULTILINE | re.DOTALL)
    typed = [block or inline.replace("\n", " ") for block, inline in found]
    lines = [line for text in typed for line in text.splitlines()]
    return [line for line in lines if re.match(r"(nomad|tidings|curl) ", line)]


class Terminal:
    """Where commands are typed; all that still run are ended with it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self.stack = stack
        self.instead: dict[str, str] = {}
        self.environment = {"TIDINGS_HTTP": "127.0.0.1:0", "TIDINGS_GRPC": "127.0.0.1:0"}

    def type(self, command: str) -> subprocess.Popen[str]:
        """Type a command that goes on."""
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {replaced(command, self.instead)}"],
            cwd=self._folder,
            env={**os.environ, **self.environment, "PATH": _path(), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.stack.callback(_end, process)
        return process

    def run(self, command: str) -> str:
        """Type a command that ends by itself, and return what it prints."""
        process = self.type(command)
        text, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, (command, text)
        return text


def _path() -> str:
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def line_of(process: subprocess.Popen[str], what: str) -> str:
    """Return the first line that has this in it."""
    assert process.stdout is not None
    seen: list[str] = []
    stuck = threading.Timer(PATIENCE_S, process.kill)
    stuck.start()
    try:
        for line in process.stdout:
            seen.append(line)
            if what in line:
                return line
    finally:
        stuck.cancel()
    raise AssertionError(f"it ended without {what!r}: {seen}")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with ExitStack() as stack:
        yield Terminal(tmp_path, stack)


def ready(terminal: Terminal, command: str) -> subprocess.Popen[str]:
    """Type a command, and return once it says that it is ready."""
    process = terminal.type(command)
    line_of(process, "ready")
    return process


def interrupt(recorder: subprocess.Popen[str]) -> None:
    """Press Ctrl-C."""
    recorder.send_signal(signal.SIGINT)
    assert recorder.wait(PATIENCE_S) == 0


def test_the_example_names_a_source() -> None:
    example = PAGE.split("```toml\n")[1].split("```")[0]
    ((name, table),) = tomllib.loads(example)["sources"].items()
    assert SourceSettings.of(name, table).system == "nomad"


@pytest.mark.own_store
@pytest.mark.clients  # needs curl
def test_five_minutes(terminal: Terminal, tmp_path: Path) -> None:
    # a command that is new is one too many here
    agent, serve, record, tail, run_job, listing, gaps, read, *others, puppet = commands()
    assert (agent.split()[0], run_job.split()[0]) == ("nomad", "nomad")  # a Tidings stands in
    forget = "tidings source forget NAME"
    assert f"`{forget}`" in PAGE

    nomad = Server(tmp_path / "nomad").start()
    terminal.stack.callback(nomad.end)
    nomad.publish_nomad([nomad_line(1)])
    written = serve.split()[-1]
    terminal.instead |= {"127.0.0.1:4646": nomad.http, written: str(tmp_path / "data")}
    words = line_of(terminal.type(serve), "ready").split()
    terminal.instead["127.0.0.1:4650"] = words[1].partition("=")[2]
    terminal.environment["TIDINGS_UPSTREAM"] = words[2].partition("=")[2]

    def is_listed(start: str) -> None:
        start = f"(?m)^{start}"
        until(lambda: re.search(start, terminal.run(listing)), f"{start} is listed")

    told = terminal.type(gaps)
    recorder = ready(terminal, record)
    shown = terminal.type(tail)
    line_of(shown, "key-1")
    nomad.publish_nomad([nomad_line(2)])
    line_of(shown, "key-2")
    is_listed(r"dev +nomad +connected .* 2 +\d+ bytes +0 +0 ")
    interrupt(recorder)
    nomad.publish_nomad([nomad_line(3)])
    recorder = ready(terminal, record)
    line_of(shown, "key-3")
    interrupt(recorder)
    is_listed(
        r"dev +nomad +its recorder left .* 3 +\d+ bytes +0 +0 "
    )  # it has told of the last one
    line_of(told, "source_state")

    nomad.end()  # and then there is one that has forgotten everything
    other = Server(tmp_path / "other", http=nomad.http).start()
    terminal.stack.callback(other.end)
    other.publish_nomad([nomad_line(9)])
    recorder = ready(terminal, record)
    line_of(told, "source_gap")
    line_of(shown, "key-9")
    line_of(terminal.type(read), '"Index"')
    interrupt(recorder)

    terminal.instead |= {"NAME": "dev", "127.0.0.1:8500": other.http, "127.0.0.1:8080": other.http}
    for command, system in zip(others, ("consul", "feldera"), strict=True):
        recorder = ready(terminal, command)
        is_listed(f"{system} +{system} +connected ")
        interrupt(recorder)
    secret = tmp_path / "FILE"
    secret.write_text("s3cret\n")
    terminal.instead["https://puppet.example:8143"] = f"http://{other.http}"
    recorder = ready(terminal, puppet)
    is_listed("puppet +puppet +")  # a Tidings has no list of jobs
    interrupt(recorder)
    terminal.run(forget)
    assert not re.search("(?m)^dev ", terminal.run(listing))
