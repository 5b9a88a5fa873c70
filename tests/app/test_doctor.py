"""`tidings doctor` finds each fault that is planted, in words, with what mends it."""

from __future__ import annotations

import datetime as dt
import errno
import fcntl
import json
import os
import socket
import sqlite3
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from tests.certificates import Authority, Pair
from tests.kit.server import serving
from tests.nats.servers import nats_server
from tidings.app.cli import run
from tidings.app.doctor import directory, machine
from tidings.app.doctor.finding import Level
from tidings.store.sqlite.file import FILE_NAME, LOCK_NAME
from tidings.store.sqlite.format import MIGRATIONS
from tidings.store.sqlite.rescue import MARK_NAME

pytestmark = pytest.mark.own_store  # brings the stores that it examines

MOUNTS = """\
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:40 / /srv/nfs rw,relatime shared:1 - nfs4 filer:/export rw
31 22 0:41 / /srv/nfs/local\\040disk rw - xfs /dev/sdb1 rw
32 22 0:42 / /run rw - tmpfs tmpfs rw
"""

Found = Mapping[str, Any]


@pytest.fixture
def examine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command on a directory of the test's own; return its status and findings."""

    def examining(*arguments: str, part: str = "serve") -> tuple[int, list[Found]]:
        own = [f"--data={tmp_path / 'data'}", "--http=127.0.0.1:0", "--grpc=127.0.0.1:0"]
        status = run(["doctor", part, "--output=json", *own, *arguments])
        return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return examining


def bad(findings: list[Found]) -> list[Found]:
    return [each for each in findings if each["level"] != "ok" and each["check"] != "clock"]


def the_one(findings: list[Found], check: str) -> Found:
    (found,) = [each for each in bad(findings) if each["check"] == check]
    assert found["cure"], "every fault has a cure"
    return found


def test_what_is_well_is_said_to_be_well(examine: Any) -> None:
    status, findings = examine()
    assert status == 0
    assert bad(findings) == []
    checks = {each["check"] for each in findings}
    wanted = {"settings", "directory", "fsync", "disk", "log", "http port", "grpc port", "files"}
    assert wanted | {"clock"} == checks


def test_a_server_that_runs_is_no_fault(examine: Any, tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--store=sqlite") as server:
        ports = f"--http={server.http}", f"--grpc={server.grpc}"
        status, findings = examine(*ports)
        assert (status, bad(findings)) == (0, [])
        assert "is in use by a Tidings that runs" in str(findings)
        status, findings = examine(*ports, part="service")
        assert (status, bad(findings)) == (0, [])
        status, findings = examine(
            "--http=127.0.0.1:0", f"--upstream={server.grpc}", part="gateway"
        )
        assert (status, bad(findings)) == (0, [])


@pytest.mark.parametrize("is_for_servers", [False, True])
def test_nor_is_one_that_demands_certificates_of_its_clients(
    examine: Any, tmp_path: Path, *, is_for_servers: bool
) -> None:
    ours = Authority(tmp_path, "ours")
    pair = ours.issue("server", for_servers_alone=is_for_servers)
    sides = ("http", "grpc")
    flags = [flag for side in sides for flag in pair.flags(side)]
    flags += [f"--{side}-tls-client-ca={ours.file}" for side in sides]
    with serving(tmp_path / "data", "--store=sqlite", *flags) as server:
        status, findings = examine(f"--http={server.http}", f"--grpc={server.grpc}", *flags)
        found = [each for each in bad(findings) if "certificate" not in each["check"]]
        assert (status, found) == (0, [])


@pytest.mark.parametrize("side", ["http", "grpc", "metrics"])
def test_a_port_that_is_taken(examine: Any, side: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        status, findings = examine(f"--{side}={address}")
    found = the_one(findings, f"{side} port")
    assert status == 1
    assert found["text"] == f"cannot listen on {address}: Address already in use"
    assert found["cure"].startswith("ss -ltnp")


def test_a_directory_that_another_process_has(examine: Any, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with (tmp_path / "data" / LOCK_NAME).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        status, findings = examine()
    assert status == 1
    assert the_one(findings, "lock")["cure"].startswith(f"fuser -v {tmp_path}")


def test_a_directory_that_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code, word, cure in (
        (errno.EROFS, "Read-only file system", "mount -o remount,rw /"),
        (errno.EACCES, "Permission denied", "chown -R"),
    ):
        refusing = OSError(code, os.strerror(code))
        monkeypatch.setattr(directory, "_sync_s", Mock(side_effect=refusing))
        (found,) = directory.look_at_directory(tmp_path / "data", 0.0, MOUNTS)
        assert found.level is Level.PROBLEM
        assert found.text == f"{tmp_path} cannot be written to: {word}"
        assert found.cure.startswith(cure)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/nfs/tidings", "nfs4"),
        ("/srv/nfs", "nfs4"),
        ("/srv/nfsx", "ext4"),
        ("/srv/nfs/local disk/tidings", "xfs"),
        ("/run/tidings", "tmpfs"),
    ],
)
def test_the_file_system_is_the_one_of_the_nearest_mount(path: str, kind: str) -> None:
    assert directory.file_system_of(Path(path), MOUNTS) == kind
    assert directory.file_system_of(Path(path), "") == ""


@pytest.mark.parametrize(("kind", "word"), [("nfs4", "a network file system"), ("tmpfs", "memory")])
def test_a_directory_on_a_network_file_system_or_in_memory(
    tmp_path: Path, kind: str, word: str
) -> None:
    mounts = f"22 1 0:1 / {tmp_path} rw - {kind} x rw\n"
    found = [each for each in directory.look_at_directory(tmp_path, 0.0, mounts) if each.cure]
    assert word in found[0].text
    assert found[0].cure.startswith("tidings serve --data")


def test_the_mounts_are_those_of_this_machine(
    examine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "REMOTE", {directory.file_system_of(tmp_path, mounts_of_here())})
    status, findings = examine()
    assert status == 1
    assert "a network file system" in the_one(findings, "directory")["text"]


def mounts_of_here() -> str:
    return Path("/proc/self/mountinfo").read_text()


def test_a_disk_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs(tmp_path)
    full = os.statvfs_result((*real[:3], 10, 10, *real[5:]))
    monkeypatch.setattr(os, "statvfs", lambda _path: full)
    (found,) = [each for each in directory.look_at_directory(tmp_path, 0.0) if each.check == "disk"]
    assert found.level is Level.PROBLEM
    assert "publishers will soon be refused" in found.text
    assert found.cure.startswith("du -xh")
    none_left = os.statvfs_result((*real[:5], 100_000, 10, 10, *real[8:]))
    monkeypatch.setattr(os, "statvfs", lambda _path: none_left)
    (found,) = [each for each in directory.look_at_directory(tmp_path, 0.0) if each.check == "disk"]
    assert "inodes" in found.text


def test_a_sync_that_is_too_fast_to_be_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)  # as eatmydata does
    found = [
        each for each in directory.look_at_directory(tmp_path, 0.0, "") if each.check == "fsync"
    ]
    assert "implausibly fast" in found[0].text
    assert found[0].level is Level.WARNING


def make_log(data: Path, version: int, newest_us: int = 0) -> None:
    data.mkdir()
    with closing(sqlite3.connect(data / FILE_NAME)) as log:
        for script in MIGRATIONS:
            log.executescript(script)
        log.execute(
            "INSERT INTO records (seq, recorded_at_us, system, subject, body)"
            " VALUES (2, ?, 'nomad', 'nomad', x'00')",
            (newest_us,),
        )
        log.execute(f"PRAGMA application_id = {0x54494447}")
        log.execute(f"PRAGMA user_version = {version}")
        log.commit()


def test_a_log_of_a_newer_tidings(examine: Any, tmp_path: Path) -> None:
    make_log(tmp_path / "data", len(MIGRATIONS) + 1)
    status, findings = examine()
    found = the_one(findings, "log")
    assert status == 1
    assert "use a newer Tidings" in found["text"]
    assert found["cure"] == "pip install --upgrade tidings"


def test_a_file_that_is_no_log(examine: Any, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE_NAME).write_bytes(b"nothing" * 1000)
    _, findings = examine()
    assert the_one(findings, "log")["cure"].startswith("tidings check --data")


def test_a_log_that_could_not_be_written_in_an_earlier_run(examine: Any, tmp_path: Path) -> None:
    make_log(tmp_path / "data", len(MIGRATIONS))
    (tmp_path / "data" / MARK_NAME).touch()
    status, findings = examine()
    found = the_one(findings, "log")
    assert (status, found["level"]) == (0, "warning")
    assert "the next start copies the log into new files first" in found["text"]
    assert found["cure"].startswith("df -h")


def test_a_clock_that_is_behind_the_log(examine: Any, tmp_path: Path) -> None:
    make_log(tmp_path / "data", len(MIGRATIONS), int((time.time() + 3600) * 1e6))
    status, findings = examine()
    assert status == 1
    found = [each for each in findings if each["check"] == "clock" and each["level"] == "problem"]
    assert "behind the newest record" in found[0]["text"]
    assert found[0]["cure"].startswith("timedatectl set-ntp true")


@pytest.mark.parametrize(("state", "level"), [(0, Level.OK), (5, Level.WARNING)])
def test_a_clock_that_nobody_keeps(state: int, level: Level) -> None:
    (found,) = machine.look_at_clock(lambda: state)
    assert found.level is level


def test_a_setting_that_there_is_none_of(examine: Any, tmp_path: Path) -> None:
    file = tmp_path / "tidings.toml"
    file.write_text('htpp = "127.0.0.1:0"\n')
    status, findings = examine(f"--config={file}")
    found = the_one(findings, "settings")
    assert status == 1
    assert "htpp: no such setting; did you mean http?" in found["text"]
    assert str(file) in found["cure"]


def test_a_variable_that_is_no_setting(examine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDINGS_HTPP", "x")
    status, findings = examine()
    assert status == 0
    assert the_one(findings, "settings")["cure"] == "unset TIDINGS_HTPP"


def test_what_a_start_would_refuse(examine: Any) -> None:
    status, findings = examine("--http=0.0.0.0:0")
    assert status == 1
    assert "can be reached from other machines" in the_one(findings, "settings")["text"]


def test_a_policy_file_that_says_what_nobody_knows(examine: Any, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text("[policies.x]\nsources = []\n")
    status, findings = examine(f"--access-policy={file}")
    assert status == 1
    assert "policies.x.sources: no such rule" in the_one(findings, "settings")["text"]


def test_a_source_without_the_secret_that_it_publishes_with(examine: Any, tmp_path: Path) -> None:
    policy, config = tmp_path / "policy.toml", tmp_path / "tidings.toml"
    policy.write_text("[policies.x]\n")
    config.write_text('[sources.prod]\nsystem = "nomad"\nurl = "http://127.0.0.1:1"\n')
    status, findings = examine(f"--access-policy={policy}", f"--config={config}")
    assert status == 1
    assert "token_file: sources publish with it" in the_one(findings, "settings")["text"]


def test_a_certificate_that_has_expired_or_expires_soon(examine: Any, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca")
    for days, word in ((-1, "expired on"), (3, "expires on"), (100, "")):
        pair = authority.issue("service", ends_in=dt.timedelta(days=days))
        status, findings = examine(*pair.flags("grpc"))
        assert status == (1 if days < 0 else 0)
        found = bad(findings)
        assert [word in each["text"] for each in found] == ([True] if word else [])
        if word:
            assert "systemctl reload" in found[0]["cure"]


def test_a_certificate_of_another_key(examine: Any, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca")
    one, other = authority.issue("one"), authority.issue("other")
    status, findings = examine(*Pair(one.cert, other.key).flags("http"))
    assert status == 1
    assert "openssl x509" in the_one(findings, "http certificate")["cure"]


def test_nats_servers_that_acknowledge_before_they_sync(examine: Any, tmp_path: Path) -> None:
    with nats_server(tmp_path, sync_interval="2m") as server:
        store = f"--store={server.url}"
        status, findings = examine(store, f"--nats-monitor={server.monitor}")
        found = the_one(findings, "nats")
        assert status == 1
        assert "acknowledges before it syncs" in found["text"]
        assert "sync_interval: always" in found["cure"]
    status, findings = examine(store, f"--nats-monitor={server.monitor}")
    assert the_one(findings, "nats")["cure"].startswith("nats server ping")


def test_nats_servers_that_are_well(examine: Any, tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        status, findings = examine(f"--store={server.url}", f"--nats-monitor={server.monitor}")
    assert (status, bad(findings)) == (0, [])


def test_a_service_that_is_away(examine: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    status, findings = examine(f"--upstream={address}", part="gateway")
    found = the_one(findings, "upstream")
    assert status == 1
    assert "the service does not answer" in found["text"]
    assert found["cure"].startswith(f"tidings service --grpc {address}")


def test_a_service_that_answers_and_does_not_serve(examine: Any) -> None:
    server = grpc.server(ThreadPoolExecutor(1))
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        status, findings = examine(f"--upstream={address}", part="gateway")
    finally:
        server.stop(None).wait()
    found = the_one(findings, "upstream")
    assert (status, found["level"]) == (0, "warning")
    assert found["text"] == f"{address} answers but does not serve"


def test_too_few_files_for_the_connections_that_are_allowed(examine: Any) -> None:
    status, findings = examine("--http-connections=1000000000")
    found = the_one(findings, "files")
    assert status == 0, "it is a warning"
    assert found["cure"].startswith("ulimit -n 1000000256")
    _, findings = examine("--http-connections=1")
    assert bad(findings) == []


def test_people_are_told_in_lines(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        flags = [f"--data={tmp_path}", f"--http=127.0.0.1:{port}", "--grpc=127.0.0.1:0"]
        assert run(["doctor", *flags]) == 1
    lines = capsys.readouterr().out.splitlines()
    at = lines.index(
        f"PROBLEM  http port: cannot listen on 127.0.0.1:{port}: Address already in use"
    )
    assert lines[at + 1].startswith("         mend: ss -ltnp")
    assert any(line.startswith("ok       settings: ") for line in lines)
