"""A disk that fills up, fails or is taken away: what is acknowledged, said, and kept."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.server import Server, nomad_line, serving
from tests.patience import PATIENCE_S, until
from tests.store.test_sqlite_start import stored
from tidings.store.sqlite.check import check_sqlite
from tidings.store.sqlite.file import FILE_NAME, WAL_NAME
from tidings.store.sqlite.rescue import MARK_NAME

pytestmark = pytest.mark.embedded  # the files of a log


def fire(server: Server, name: str) -> int:
    return server.request("PUT", f"/v1/event/fire/{name}", b"x")[0]


def verbose(server: Server) -> str:
    return server.request("GET", "/readyz?verbose")[2].decode()


def lines_with(server: Server, words: str) -> list[str]:
    return [line for line in server.log_path.read_text().splitlines() if words in line]


@contextlib.contextmanager
def failing(server: Server, *flags: str) -> Iterator[None]:
    """Make system calls of the service fail as strace's flags say."""
    assert shutil.which("strace"), "strace is missing: apt-get install strace"
    service = server.children()["service"].pid
    words = ["strace", "-f", "-o", os.devnull, *flags, "-p", str(service)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        assert "attached" in tracer.stderr.readline()
        yield
        tracer.terminate()


def test_a_data_directory_that_is_deleted_is_noticed_before_anything_is_acknowledged(
    server: Server,
) -> None:
    assert fire(server, "before") == 200
    assert server.request("GET", "/readyz")[0] == 200
    server.lose_data()
    for number in range(5):
        assert fire(server, f"after-{number}") == 500
    assert server.request("GET", "/readyz")[0] == 503
    assert "[-]write failed: data directory gone\n" in verbose(server)
    assert len(lines_with(server, "nothing can be stored")) == 1
    assert b'"Name":"before"' in server.request("GET", "/v1/event/list")[2], "readers go on"


@pytest.mark.clients  # needs strace
def test_a_full_disk_is_named_once_and_is_over_once(server: Server) -> None:
    assert fire(server, "before") == 200
    files = [f"-P{server.data / name}" for name in (FILE_NAME, WAL_NAME, "probe")]
    with failing(server, *files, "-etrace=pwrite64,fallocate", "-einject=all:error=ENOSPC"):
        for number in range(50):
            assert fire(server, f"refused-{number}") == 500
        assert server.request("GET", "/readyz")[0] == 503
        assert "[-]write failed: disk full\n" in verbose(server)
        assert b'"Name":"before"' in server.request("GET", "/v1/event/list")[2]
    until(lambda: server.request("GET", "/readyz")[0] == 200, "records are stored again")
    assert fire(server, "after") == 200
    (said,) = lines_with(server, "nothing can be stored")
    assert "disk full" in said
    assert len(lines_with(server, "records are stored again")) == 1
    assert not (server.data / MARK_NAME).exists()


@pytest.mark.clients  # needs strace
def test_after_a_failed_sync_and_a_crash_the_log_is_copied_before_it_is_served(
    tmp_path: Path,
) -> None:
    with serving(tmp_path / "data") as server:
        lines = [nomad_line(number) for number in range(50)]
        assert all("seq" in answer for answer in server.publish_nomad(lines))
        with failing(server, "-etrace=fdatasync", "-einject=fdatasync:error=EIO:when=1"):
            assert fire(server, "refused") == 500
            assert fire(server, "refused-too") == 500
        assert "[-]write failed: I/O error\n" in verbose(server)
        assert len(lines_with(server, "nothing can be stored")) == 1
        assert (server.data / MARK_NAME).exists()
        old = (server.data / FILE_NAME).stat().st_ino
        os.link(server.data / FILE_NAME, tmp_path / "old")
        server.kill_all()
        server.start()
        assert (server.data / FILE_NAME).stat().st_ino != old
        assert not (server.data / MARK_NAME).exists()
        assert len(lines_with(server, "copied into new files")) == 1
        until(lambda: server.request("GET", "/readyz")[0] == 200, "ready again")
        assert fire(server, "after") == 200
        assert server.stop() == 0
        assert check_sqlite(server.data).problems == ()
        assert len(stored(server.data)) >= 51


FIRST_START = """
import sys
from pathlib import Path
from tests.store.killed import start
start(Path(sys.argv[1]))
"""
WRITES = "write,pwrite64,ftruncate,fsync,fdatasync,rename,unlink,mkdir,fallocate"


@pytest.mark.clients  # needs strace
@pytest.mark.timeout(300)
def test_a_first_start_may_be_killed_at_each_write(tmp_path: Path) -> None:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    statuses: list[int] = []
    while not statuses or statuses[-1]:
        directory = tmp_path / f"data{len(statuses)}"
        inject = f"-einject={WRITES}:signal=KILL:when={len(statuses) + 1}"
        words = ["strace", "-f", "-o", os.devnull, f"-etrace={WRITES}", inject]
        done = subprocess.run(
            [*words, sys.executable, "-B", "-c", FIRST_START, str(directory)],
            env=os.environ | {"PYTHONPATH": path},
            timeout=PATIENCE_S,
            check=False,
        )
        statuses.append(done.returncode)
        assert stored(directory) == []
        assert check_sqlite(directory).problems == ()
    assert set(statuses[:-1]) == {-signal.SIGKILL}
    assert len(statuses) > 15
