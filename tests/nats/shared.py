"""One NATS server for all tests of a process that kill nothing: each has streams of its own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.nats.servers import NatsServer

ON_NATS = os.environ.get("TEST_STORE") == "nats"
"""Whether the services of tests are to keep their logs on NATS (`make test-nats`)."""


def store_flags_of(
    servers: Sequence[NatsServer], log: str = "tidings", *, through: Sequence[str] = ()
) -> list[str]:
    """Return the flags of a Tidings whose log is to live on these servers.

    `through`: other addresses by which they are reached.
    """
    addresses = ",".join(through or [server.address for server in servers])
    monitors = ",".join(server.monitor for server in servers)
    return [f"--store=nats://{addresses}/{log}", f"--nats-monitor={monitors}"]


_started: list[NatsServer] = []


def shared_server() -> NatsServer:
    """Return the server, started at the first call."""
    if not _started:
        _started.append(NatsServer(Path(tempfile.mkdtemp(prefix="tidings-nats-"))).start())
    return _started[0]


def end_shared_server() -> None:
    """Leave nothing behind."""
    while _started:
        server = _started.pop()
        server.end()
        shutil.rmtree(server.directory, ignore_errors=True)
