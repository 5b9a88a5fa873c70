"""G1 itself: the kernel is asked to make the commit durable before the publisher is answered."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.aio import run_async
from tests.e2e.rig import Server
from tests.patience import PATIENCE_S
from tidings.app.clock import SystemClock
from tidings.store.sqlite import open_sqlite
from tidings.v1 import consul_pb2, event_pb2, event_service_pb2

CANARY = "fired-under-strace"


def test_the_writer_is_fully_synchronous(tmp_path: Path) -> None:
    async def ask() -> int:
        store = await open_sqlite(tmp_path / "data", clock=SystemClock())

        def pragma(connection: sqlite3.Connection) -> int:
            return int(connection.execute("PRAGMA synchronous").fetchone()[0])

        try:
            return await store._writer.transact(pragma)  # noqa: SLF001 - nothing else can see it
        finally:
            await store.close()

    assert run_async(ask()) == 2


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
