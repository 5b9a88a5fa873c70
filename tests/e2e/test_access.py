"""`tidings serve` with access control: the token command, SIGHUP, and no secret in any log line."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.server import Server, serving, tidings
from tests.patience import PATIENCE_S, until
from tidings.access.secret import hash_of

SECRET = "canary-of-ops"


def policy_file(secret: str = SECRET) -> str:
    token = f'[[tokens]]\nname = "ops"\nhash = "{hash_of(secret)}"\nmanagement = true\n'
    return token + "[policies.reader]\nnomad.node = 'read'\n"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "policy.toml").write_text(policy_file())
    (tmp_path / "ops.secret").write_text(SECRET + "\n")
    flags = [f"--access-policy={tmp_path / 'policy.toml'}", "--log-level=debug"]
    with serving(tmp_path / "data", *flags) as running:
        yield running


def command(server: Server, name: str, file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    to = [f"--upstream={server.grpc}", f"--token-file={file}"]
    return tidings(name, *to, *words)


def test_tokens_are_made_listed_and_revoked(guarded: Server, tmp_path: Path) -> None:
    ops, ci = tmp_path / "ops.secret", tmp_path / "ci.secret"
    made = command(guarded, "token", ops, "create", "ci", "--policy=reader", "--expires=1h")
    assert (made.returncode, made.stderr) == (0, "")
    lines = made.stdout.splitlines()
    token_id, secret = lines[0].removeprefix("id: "), lines[1].partition(": ")[2]
    assert len(secret) == 64
    spellings = [line.rpartition(": ")[2] for line in lines[2:]]
    assert spellings == [secret, secret, f"ci:{secret}", secret, f"apikey:{secret}"]
    ci.write_text(secret)
    listed = command(guarded, "token", ops, "list").stdout
    assert "ops\tops\tmanagement\tvalid\n" in listed
    assert f"{token_id}\tci\treader\tuntil " in listed
    denied = command(guarded, "token", ci, "list")
    assert (denied.returncode, "PERMISSION_DENIED" in denied.stderr) == (1, True)
    revoked = command(guarded, "token", ops, "revoke", token_id)
    assert revoked.stdout == f"revoked {token_id}\n"
    assert f"{token_id}\tci\treader\trevoked " in command(guarded, "token", ops, "list").stdout
    ended = command(guarded, "tail", ci)
    assert (ended.returncode, "the credential is revoked" in ended.stderr) == (1, True)
    told = command(guarded, "tail", ops, "--since=start", "-n=0", "--system=nomad")
    assert "ACLTokenUpserted" in told.stdout
    assert "ACLTokenDeleted" in told.stdout
    assert "caller=ops\n" in guarded.log_path.read_text()
    database = b"".join(path.read_bytes() for path in guarded.data.glob("log.db*"))
    for output in (guarded.log_path.read_text(), told.stdout, listed, database.decode("latin-1")):
        assert secret not in output
        assert SECRET not in output


def test_sighup_reads_the_policy_file_again(guarded: Server, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(policy_file("another"))
    guarded.process.send_signal(signal.SIGHUP)
    (tmp_path / "new.secret").write_text("another")
    for _ in range(20):  # each try takes longer than the service needs
        if command(guarded, "token", tmp_path / "new.secret", "list").returncode == 0:
            break
    else:
        pytest.fail("the new token is not known")
    refused = command(guarded, "token", tmp_path / "ops.secret", "list")
    assert "the credential is unknown" in refused.stderr
    assert guarded.process.poll() is None


def test_a_file_without_a_secret_is_said(guarded: Server, tmp_path: Path) -> None:
    for content, problem in ((None, "No such file"), ("", "is empty"), ("é", "not a secret")):
        file = tmp_path / "odd.secret"
        if content is not None:
            file.write_text(content, encoding="utf-8")
        done = command(guarded, "token", file, "list")
        assert (done.returncode, problem in done.stderr) == (1, True)


def test_without_a_good_policy_file_nothing_is_served(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    flags = [f"--data={tmp_path / 'data'}", "--grpc=127.0.0.1:0", f"--access-policy={missing}"]
    done = subprocess.run(
        [sys.executable, "-m", "tidings.app", "service", *flags],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 1
    assert f"{missing}: No such file or directory" in done.stderr


@pytest.mark.parametrize(("secret", "principal"), [(SECRET, "ops"), ("", "anonymous")])
def test_the_access_log_says_whose_a_request_was(
    guarded: Server, secret: str, principal: str
) -> None:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    name = f"request_id=of-{principal}"
    guarded.request("GET", "/v1/event/list", headers={**headers, "X-Request-Id": f"of-{principal}"})

    def found() -> list[str]:
        lines = guarded.log_path.read_text().splitlines()
        return [line for line in lines if "event=request " in line and name in line]

    (line,) = until(found, "the request has its line")
    assert f"principal={principal}" in line.split()
