"""G1 itself: the kernel is asked to make the commit durable before the publisher is answered."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.server import Server
from tests.patience import PATIENCE_S
from tidings.store.sqlite.file import open_writer
from tidings.v1 import consul_pb2, event_pb2, event_service_pb2

CANARY = "fired-under-strace"


@pytest.mark.embedded  # its file's own setting
def test_the_writer_is_fully_synchronous(tmp_path: Path) -> None:
    with contextlib.closing(open_writer(tmp_path, "full", now_us=0)) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


@pytest.mark.embedded  # its own process is what syncs
@pytest.mark.clients  # needs strace
def test_fdatasync_comes_before_the_answer(server: Server, tmp_path: Path) -> None:
    assert shutil.which("strace"), "strace is missing: apt-get install strace"
    trace = tmp_path / "trace"
    service = server.children()["service"].pid
    syscalls = "pwrite64,fdatasync,fsync,sendmsg,sendto,write,writev"
    tracer = subprocess.Popen(
        [
            "strace",
            "-f",
            "-y",
            "-s",
            "70000",
            "-e",
            f"trace={syscalls}",
            "-o",
            str(trace),
            "-p",
            str(service),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert tracer.stderr is not None
    assert "attached" in tracer.stderr.readline()
    event = event_pb2.Event(consul=consul_pb2.ConsulEvent(name=CANARY))
    request = event_service_pb2.PublishRequest(draft=event_pb2.Draft(events=[event]))
    with server.stub() as stub:
        stub.Publish(request)
    tracer.terminate()
    tracer.communicate(timeout=PATIENCE_S)
    lines = trace.read_text(errors="replace").splitlines()
    stored = next(n for n, line in enumerate(lines) if CANARY in line and "log.db-wal" in line)
    synced = next(
        n
        for n, line in enumerate(lines[stored:], stored)
        if re.search(r"f(data)?sync\(.*log\.db-wal", line)
    )
    answered = next(
        n
        for n, line in enumerate(lines)
        if n > stored and re.search(r"(sendmsg|sendto|writev?)\(\d+<(TCP|socket)", line)
    )
    assert stored < synced < answered, sys.platform
