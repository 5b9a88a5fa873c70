"""Backups that a service makes by itself, whatever its store is, with or without a supervisor."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from tests.e2e.guarded import OPS
from tests.e2e.halves import half
from tests.kit.server import Server, nomad_line, tidings
from tests.nats.servers import nats_server
from tests.nats.shared import store_flags_of
from tests.patience import until
from tidings.access.secret import hash_of
from tidings.store.sqlite.file import FILE_NAME

pytestmark = pytest.mark.own_store

POLICY = f'[[tokens]]\nname = "ops"\nhash = "{hash_of(OPS)}"\nmanagement = true\n'


@contextmanager
def served(folder: Path, store: Sequence[str], flags: Sequence[str]) -> Iterator[str]:
    """Lend where `tidings serve` answers."""
    server = Server(folder / "data", flags, store=store)
    try:
        yield server.start().grpc
    finally:
        server.end()


@contextmanager
def alone(folder: Path, store: Sequence[str], flags: Sequence[str]) -> Iterator[str]:
    """Lend where `tidings service` answers, which has no supervisor."""
    data = f"--data={folder / 'data'}"
    with half(folder, "service", data, "--grpc=127.0.0.1:0", *store, *flags) as service:
        yield service.address


@contextmanager
def on_nats(folder: Path) -> Iterator[Sequence[str]]:
    with nats_server(folder / "nats") as server:
        yield store_flags_of([server])


@contextmanager
def embedded(_: Path) -> Iterator[Sequence[str]]:
    yield ()


def holding_a_record(backups: Path) -> Path | None:
    """Return a whole backup that has a record, if there is one."""
    for file in backups.glob(f"*/{FILE_NAME}"):
        with closing(sqlite3.connect(file)) as connection:
            if connection.execute("SELECT 1 FROM records WHERE seq > 1").fetchone():
                return file.parent
    return None


@pytest.mark.parametrize(("lend_store", "run"), [(embedded, served), (on_nats, alone)])
def test_a_service_backs_up_its_log_by_itself(
    lend_store: Callable[[Path], AbstractContextManager[Sequence[str]]],
    run: Callable[[Path, Sequence[str], Sequence[str]], AbstractContextManager[str]],
    tmp_path: Path,
) -> None:
    (tmp_path / "policy.toml").write_text(POLICY)
    (tmp_path / "token").write_text(OPS)
    backups = tmp_path / "backups"
    flags = [f"--access-policy={tmp_path / 'policy.toml'}", "--backup-every=1s"]
    with (
        lend_store(tmp_path) as store,
        run(tmp_path, store, [*flags, f"--backup-to={backups}", "--backup-keep=1000"]) as address,
    ):
        client = [f"--upstream={address}", f"--token-file={tmp_path / 'token'}"]
        told = tidings("publish", "-", *client, stdin=nomad_line(1).decode())
        assert told.returncode == 0, told.stderr
        copy = until(lambda: holding_a_record(backups), "a backup holds what was published")
    restored = tidings("restore", str(copy), f"--data={tmp_path / 'restored'}")
    assert (restored.returncode, "records=1 " in restored.stdout) == (0, True), restored.stderr
