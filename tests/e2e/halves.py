"""`tidings service` and `tidings gateway` as processes of their own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.kit.server import store_flags
from tests.patience import PATIENCE_S

TIDINGS = (sys.executable, "-m", "tidings.app")


@dataclass
class Half:
    """One running half: where it answers, and where its log lines go."""

    address: str
    process: subprocess.Popen[str]
    log_path: Path


@contextlib.contextmanager
def half(folder: Path, name: str, *flags: str) -> Iterator[Half]:
    """Lend a half that is ready, and end it; a service with a log that is new."""
    store = store_flags() if name == "service" else []
    log_path = folder / f"{name}.log"
    with (
        log_path.open("a") as log,
        subprocess.Popen(
            [*TIDINGS, name, *store, *flags], stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        assert process.stdout is not None
        stuck = threading.Timer(PATIENCE_S, process.kill)
        stuck.start()
        try:
            line = process.stdout.readline()
            stuck.cancel()
            assert line.startswith("ready "), log_path.read_text()
            yield Half(line.split("=")[1].strip(), process, log_path)
        finally:
            stuck.cancel()
            process.terminate()
            process.wait(PATIENCE_S)
