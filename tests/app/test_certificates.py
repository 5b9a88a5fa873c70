"""What is wrong with certificates and keys is told by the file's name; good ones are renewed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog

from tests.certificates import Authority, Pair, encrypt_key
from tests.kit.loop import scenario
from tidings.app.cli import run
from tidings.app.file_follower import FileFollower
from tidings.app.tls.certificates import BadCertificate, TlsFiles, read_pems, server_context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ca")


@pytest.fixture
def pair(authority: Authority) -> Pair:
    return authority.issue("server")


def files_of(pair: Pair, ca: Path | str = "") -> TlsFiles:
    return TlsFiles(str(pair.cert), str(pair.key), str(ca))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


def add_half(path: Path) -> None:
    path.write_bytes(path.read_bytes() + path.read_bytes()[:200])


def other_key(pair: Pair) -> None:
    other = Authority(pair.cert.parent, "other").issue("another")
    other.key.replace(pair.key)


WRONG: list[tuple[str, Callable[[Pair], object], str]] = [
    ("no cert", lambda pair: pair.cert.unlink(), "server.pem: No such file or directory"),
    ("no key", lambda pair: pair.key.unlink(), "server.key: No such file or directory"),
    ("half a cert", lambda pair: cut(pair.cert), "server.pem: holds no whole certificate in PEM"),
    ("half a chain", lambda pair: add_half(pair.cert), "server.pem: holds no whole certificate"),
    ("half a key", lambda pair: cut(pair.key), "server.key: holds no private key in PEM"),
    ("empty key", lambda pair: pair.key.write_bytes(b""), "server.key: holds no private key"),
    ("another's key", other_key, "server.key: not the key of "),
    ("encrypted", encrypt_key, "server.key: the key is encrypted"),
    ("ca", lambda pair: cut(pair.cert.with_name("ca.pem")), "ca.pem: holds no whole certificate"),
]


@pytest.mark.parametrize(("harm", "problem"), [row[1:] for row in WRONG], ids=[r[0] for r in WRONG])
def test_a_wrong_file_is_named_and_its_content_is_not(
    authority: Authority,
    pair: Pair,
    harm: Callable[[Pair], object],
    problem: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = pair.key.read_text().splitlines()
    harm(pair)
    files = files_of(pair, authority.file)
    for use in (server_context, read_pems):
        with pytest.raises(BadCertificate) as caught:
            use(files)
        assert problem in str(caught.value)
    for side, command in (("http", "serve"), ("grpc", "serve"), ("grpc", "service")):
        flags = [*pair.flags(side), f"--{side}-tls-client-ca={authority.file}"]
        assert run([command, *flags]) == 2
    client = [*pair.flags("upstream"), f"--upstream-tls-ca={authority.file}"]
    assert run(["gateway", *client]) == 2
    assert run(["tail", *client]) == 1
    said = capsys.readouterr().err
    assert said.count(problem) == 5
    assert "Traceback" not in said
    assert not any(line in said for line in lines if not line.startswith("-----"))


def test_an_unreadable_key_is_named(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)  # root may read whatever it likes
    with pytest.raises(BadCertificate, match=r"server\.pem: Permission denied"):
        read_pems(files_of(pair))


def test_keys_are_not_shown() -> None:
    pems = read_pems(TlsFiles())
    assert "key" not in repr(pems)


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["serve", "--grpc-tls-key=x"], "grpc_tls_cert and grpc_tls_key go together"),
        (["serve", "--http-tls-client-ca=x"], "http_tls_client_ca needs http_tls_cert"),
        (["service", "--grpc-tls-client-ca=x"], "grpc_tls_client_ca needs grpc_tls_cert"),
        (
            ["gateway", "--upstream-tls-cert=x", "--upstream-tls-key=x"],
            "upstream_tls_cert needs upstream_tls_ca",
        ),
    ],
)
def test_what_belongs_together_is_given_together(
    flags: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(flags) == 2
    assert problem in capsys.readouterr().err


async def _becomes(said: Callable[[], bool]) -> None:
    while not said():
        await asyncio.to_thread(os.sched_yield)


@scenario
async def test_what_changes_is_read_again_and_what_is_wrong_is_not_used(
    authority: Authority, pair: Pair
) -> None:
    files = files_of(pair)
    follower = FileFollower("pair", files.paths, lambda: read_pems(files), look_s=0.01)
    first = follower.read()
    used = [first]
    other = authority.issue("other")
    async with asyncio.TaskGroup() as tasks:
        with structlog.testing.capture_logs() as lines:
            following = tasks.create_task(follower.follow(used.append))
            pair.cert.write_bytes(other.cert.read_bytes())
            await _becomes(lambda: any(line["log_level"] == "error" for line in lines))
            assert used == [first]
            assert "not the key of" in lines[0]["error"]
            pair.key.write_bytes(other.key.read_bytes())
            await _becomes(lambda: len(used) > 1)
            following.cancel()
    assert used[-1] == read_pems(files_of(other))


@scenario
async def test_sighup_reads_what_looks_unchanged(pair: Pair) -> None:
    follower = FileFollower("pair", (), lambda: read_pems(files_of(pair)), look_s=3600.0)
    used = [follower.read()]
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(follower.follow(used.append))
        follower.reload()
        await _becomes(lambda: len(used) > 1)
        following.cancel()
