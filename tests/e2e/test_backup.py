"""A backup over gRPC while connections are cut, the service dies and the client is killed."""

from __future__ import annotations

import contextlib
import os
import pty
import random
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.kit.cut_link import cut_link
from tests.kit.server import AS_A_USER, Server, nomad_line, serving
from tests.patience import PATIENCE_S
from tidings.v1 import backup_pb2 as pb

RECORDS = 2000
RECORD_BYTES = 2000
_TIDINGS = (sys.executable, "-m", "tidings.app")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with some megabytes of records that have keys."""
    with serving(tmp_path_factory.mktemp("backup") / "data") as running:
        lines = [nomad_line(n, text="x" * RECORD_BYTES) for n in range(1, RECORDS + 1)]
        running.publish_nomad(lines, "?source=prod")
        yield running


def whole(server: Server) -> set[tuple[int, str, bytes]]:
    """Return what the log holds."""
    with server.stub() as stub:
        parts = stub.BackupLog(pb.BackupLogRequest(), timeout=PATIENCE_S)
        return {(r.seq, r.subject, r.body) for part in parts for r in part.page.records}


def kept(target: Path) -> set[tuple[int, str, bytes]]:
    """Return what a backup holds."""
    with closing(sqlite3.connect(target / "log.db")) as connection:
        asked = "SELECT seq, subject, body FROM records WHERE seq > 1"
        return set(connection.execute(asked))


def begun(upstream: str, target: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*_TIDINGS, "backup", "--upstream", upstream, str(target)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=AS_A_USER,
    )


def test_a_backup_survives_cuts_and_deaths(server: Server, tmp_path: Path) -> None:
    dice = random.Random(1)
    running: list[subprocess.Popen[str]] = []

    def restart() -> None:
        server.kill_all()
        server.start()

    def kill() -> None:
        running[-1].kill()

    deaths = [lambda: None, lambda: None, kill, kill]
    deaths.insert(dice.randrange(len(deaths)), restart)
    cuts: list[tuple[int, Callable[[], object]]] = [
        (dice.randrange(60_000, 900_000), death) for death in deaths
    ]
    target = tmp_path / "copy"
    with cut_link(server.grpc, cuts) as link:
        status = 1
        while status:
            running.append(begun(link.address, target))
            with running[-1] as client:
                try:
                    said, complained = client.communicate(timeout=2 * PATIENCE_S)
                finally:
                    client.kill()
            status = running[-1].returncode
            assert status in (0, 1, -9), complained
            assert "Traceback" not in complained
            assert len(running) < 9
        assert not cuts
    assert said.startswith("ok ")
    assert f"records={RECORDS}" in said
    assert kept(target) == whole(server)
    tried = [*_TIDINGS, "backup", "verify", str(target)]
    assert subprocess.run(tried, capture_output=True, check=True).stdout.startswith(b"ok ")


def test_a_client_without_room_says_so_and_goes_on_when_it_has_some(
    server: Server, tmp_path: Path
) -> None:
    target = tmp_path / "copy"
    command = [*_TIDINGS, "backup", "--upstream", server.grpc, str(target)]
    limited = ["bash", "-c", 'ulimit -f 2500; exec "$@"', "bash", *command]  # in blocks of 1024
    refused = subprocess.run(limited, capture_output=True, text=True, check=False, env=AS_A_USER)
    assert refused.returncode == 1
    (complaint,) = [each for each in refused.stderr.splitlines() if "backup:" in each]
    assert "writing" in complaint
    assert "is kept, and the same command goes on there" in complaint
    assert not (target / "log.db").exists()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=AS_A_USER)
    assert (done.returncode, done.stdout.split()[0]) == (0, "ok")
    assert 0 < int(done.stderr.rsplit(" records,", 1)[0].split()[-1]) < RECORDS, "the rest alone"
    assert kept(target) == whole(server)


def test_on_a_terminal_progress_is_a_line_that_is_written_again(
    server: Server, tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*_TIDINGS, "backup", "--upstream", server.grpc, str(tmp_path / "copy")],
        stdout=subprocess.DEVNULL, stderr=theirs, env={**AS_A_USER, "TERM": "xterm"},
    ) as client:  # fmt: skip
        os.close(theirs)
        said = b""
        with os.fdopen(ours, "rb", buffering=0) as terminal, contextlib.suppress(OSError):
            while part := terminal.read(4096):  # its end is an error: nobody writes there any more
                said += part
        assert client.wait(PATIENCE_S) == 0
    first, *_, last = said.decode().split("\r\x1b[K")[1:]
    assert re.match(r"\[\.+\]   0%  through 0 of \d+, 0 records", first)
    assert re.match(rf"\[#+\] 100%  through (\d+) of \1, {RECORDS} records", last)
