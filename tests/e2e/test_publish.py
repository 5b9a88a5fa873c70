"""`tidings publish`: what people type and pipe into it, interrupts, and readers that leave."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.server import AS_A_USER, Server, nomad_line, serving, tidings
from tests.patience import PATIENCE_S

TIDINGS = (sys.executable, "-m", "tidings")
DRAFT = '{"events":[{"consul":{"Name":"a"}}]}\n'


def summary(stderr: str) -> str:
    """Return the last line, without the time that it took."""
    return stderr.splitlines()[-1].rpartition(" in ")[0]


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        (json.dumps(json.loads(DRAFT), indent=4), ["line 1: seq 2"]),
        (
            nomad_line(1).decode() + "\n{}\n\n" + nomad_line(2).decode(),
            ["line 1: seq 2", "line 4: seq 3"],
        ),
        (f"[{DRAFT},{DRAFT}]", ["element 1: seq 2", "element 2: seq 3"]),
        ("\n\n" + DRAFT.strip() * 2, ["line 3: seq 2", "line 3: seq 3"]),
    ],
)
def test_objects_are_taken_however_they_are_laid_out(
    text: str, answers: list[str], server: Server
) -> None:
    done = tidings("publish", "-", "--upstream", server.grpc, stdin=text)
    assert (done.returncode, done.stdout.splitlines()) == (0, answers)
    assert summary(done.stderr) == f"tidings publish: {len(answers)} stored"


def test_a_systems_own_list_is_stored_oldest_first_and_once(server: Server) -> None:
    health = dict.fromkeys(("api_status", "compiler_status", "runner_status"), "Healthy")
    newest_first = json.dumps(
        [
            {
                "id": f"01900000-0000-7000-8000-00000000000{number}",
                "recorded_at": f"2020-01-01T00:00:0{number}Z",
                **health,
            }
            for number in (2, 1)
        ]
    )
    flags = ("--source=prod", "--upstream", server.grpc)
    done = tidings("publish", "-", *flags, stdin=newest_first)
    assert done.returncode == 0
    assert re.fullmatch(r"element 2: seq \d+\nelement 1: seq \d+\n", done.stdout)
    again = tidings("publish", "-", "--system=feldera", *flags, stdin=newest_first)
    assert summary(again.stderr) == "tidings publish: 0 stored, 2 duplicates"


@pytest.mark.parametrize(
    "words", [("tail", "--since=start", "-n0", "-o", "json"), ("log", "-o", "ndjson")]
)
def test_what_is_printed_is_stored_elsewhere_and_known_here(
    words: tuple[str, ...], server: Server, tmp_path: Path
) -> None:
    server.publish_nomad([nomad_line(1), nomad_line(2)])
    printed = tidings(*words, "--upstream", server.grpc).stdout
    again = tidings("publish", "-", "--upstream", server.grpc, stdin=printed)
    assert (again.returncode, summary(again.stderr)) == (
        0,
        "tidings publish: 0 stored, 2 duplicates",
    )
    with serving(tmp_path / "other") as other:
        done = tidings("publish", "-", "--upstream", other.grpc, stdin=printed)
        assert summary(done.stderr) == "tidings publish: 2 stored"
        copies = tidings(*words, "--upstream", other.grpc).stdout
    events = [
        [json.loads(line)["events"] for line in each.splitlines()] for each in (printed, copies)
    ]
    assert events[0] == events[1]


# a process of its own, since a child's peak begins with the memory of whoever starts it
MEASURED = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "tidings", *sys.argv[1:]])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""


@pytest.mark.parametrize("begin", ["", '{"events":[{"id":"'])
def test_a_file_without_a_line_end_costs_no_memory(
    begin: str, server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "large"
    with file.open("w") as out:
        out.write(begin)
        out.seek(100_000_000)
        out.write("x")  # all between are zeros that take no room
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "publish", str(file), "--upstream", server.grpc],
        env=AS_A_USER,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 1
    assert summary(done.stderr) == "tidings publish: 0 stored, 1 refused"
    most_kib = int(done.stdout.splitlines()[-1])
    assert most_kib <= 120_000


@pytest.mark.parametrize("kind", ["terminal", "pipe", "fifo"])
def test_one_interrupt_ends_it(kind: str, server: Server, tmp_path: Path) -> None:
    name = "-"
    if kind == "fifo":
        name = str(tmp_path / "fifo")
        os.mkfifo(name)
    ours, theirs = pty.openpty() if kind == "terminal" else reversed(os.pipe())
    command = [*TIDINGS, "publish", name, "--upstream", server.grpc]
    with subprocess.Popen(
        command,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=AS_A_USER,
        text=True,
    ) as publishing:
        writing = os.open(name, os.O_WRONLY) if kind == "fifo" else ours
        os.write(writing, DRAFT.encode())
        assert publishing.stdout is not None
        assert publishing.stdout.readline() == "line 1: seq 2\n"
        publishing.send_signal(signal.SIGINT)
        _, stderr = publishing.communicate(timeout=PATIENCE_S)
    for fd in {ours, theirs, writing}:
        os.close(fd)
    assert publishing.returncode == 130
    assert len(stderr.splitlines()) == 1
    assert summary(stderr) == "tidings publish: 1 stored"


def test_a_reader_that_has_enough_leaves_no_traceback(server: Server) -> None:
    command = [*TIDINGS, "publish", "-", "--upstream", server.grpc]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=AS_A_USER,
        text=True,
    ) as publishing:
        assert publishing.stdin is not None
        assert publishing.stdout is not None
        assert publishing.stderr is not None
        publishing.stdin.write(DRAFT)
        publishing.stdin.flush()
        assert publishing.stdout.readline() == "line 1: seq 2\n"
        publishing.stdout.close()
        publishing.stdin.write(DRAFT)
        publishing.stdin.flush()
        assert publishing.wait(PATIENCE_S) == 1
        assert summary(publishing.stderr.read()) == "tidings publish: 2 stored"


def test_a_keyed_upload_goes_on_over_a_restart_of_the_service(server: Server) -> None:
    command = [*TIDINGS, "publish", "-", "--upstream", server.grpc]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=AS_A_USER,
        text=True,
    ) as publishing:
        assert publishing.stdin is not None
        assert publishing.stdout is not None
        for number in range(3):
            publishing.stdin.write(
                f'{{"key":"k{number}","events":[{{"consul":{{"Name":"a"}}}}]}}\n'
            )
            publishing.stdin.flush()
            answer = publishing.stdout.readline()
            assert re.fullmatch(rf"line {number + 1}: seq \d+\n", answer)
            server.kill_all()
            server.start()
        _, stderr = publishing.communicate(timeout=PATIENCE_S)
    assert publishing.returncode == 0
    assert summary(stderr) == "tidings publish: 3 stored"


def test_a_reader_that_leaves_early_is_told_no_less_than_is_stored(
    server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "drafts"
    file.write_text(DRAFT * 3000)
    command = [*TIDINGS, "publish", str(file), "--upstream", server.grpc]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=AS_A_USER, text=True
    ) as publishing:
        assert publishing.stdout is not None
        assert publishing.stderr is not None
        publishing.stdout.close()
        assert publishing.wait(PATIENCE_S) == 1
        told = summary(publishing.stderr.read())
    assert told.startswith("tidings publish: at least ")


def test_what_is_answered_needs_no_service_any_more(server: Server) -> None:
    command = [*TIDINGS, "publish", "-", "--upstream", server.grpc]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=AS_A_USER,
        text=True,
    ) as publishing:
        assert publishing.stdin is not None
        assert publishing.stdout is not None
        publishing.stdin.write(DRAFT)
        publishing.stdin.flush()
        assert publishing.stdout.readline() == "line 1: seq 2\n"
        server.stop()
        _, stderr = publishing.communicate(timeout=PATIENCE_S)
    assert publishing.returncode == 0
    assert summary(stderr) == "tidings publish: 1 stored"
    assert len(stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("none.such", "none.such: No such file or directory"),
        ("/", "/: Is a directory"),
    ],
)
def test_what_cannot_be_read_is_told(name: str, problem: str, server: Server) -> None:
    done = tidings("publish", name, "--upstream", server.grpc)
    assert done.returncode == 1
    assert problem in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr
