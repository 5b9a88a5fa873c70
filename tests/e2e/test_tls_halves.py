"""A gateway and a service on different hosts: TLS between them, and for every command."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.certificates import Authority, Pair
from tests.e2e.halves import TIDINGS, Half, half
from tests.kit.server import tidings
from tests.patience import PATIENCE_S, until
from tidings.access.secret import hash_of

pytestmark = pytest.mark.slow

OPS = "canary-of-ops"
POLICY_FILE = f'[[tokens]]\nname = "ops"\nhash = "{hash_of(OPS)}"\nmanagement = true\n'
DRAFT = '{"events": [{"nomad": {"topic": "Job", "type": "JobRegistered", "key": "%s"}}]}\n'

# 127.0.0.1 in a spelling that does not count as loopback
ELSEWHERE = "0x7f.1:0"


@dataclass
class Place:
    """A folder with authorities and what a service and its clients need."""

    folder: Path
    ours: Authority
    strangers: Authority
    service_pair: Pair
    client_pair: Pair

    @property
    def service_flags(self) -> list[str]:
        return [
            *(f"--data={self.folder / 'data'}", "--grpc=127.0.0.1:0"),
            *self.service_pair.flags("grpc"),
            f"--grpc-tls-client-ca={self.folder / 'clients.pem'}",
        ]

    @property
    def client_flags(self) -> list[str]:
        return [*self.client_pair.flags("upstream"), f"--upstream-tls-ca={self.ours.file}"]

    @property
    def guarded(self) -> list[str]:
        policy, secret = self.folder / "policy.toml", self.folder / "ops.secret"
        policy.write_text(POLICY_FILE)
        secret.write_text(OPS)
        return [f"--access-policy={policy}", f"--token-file={secret}"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    ours, strangers = Authority(tmp_path, "ours"), Authority(tmp_path, "strangers")
    (tmp_path / "clients.pem").write_bytes(ours.file.read_bytes())
    return Place(tmp_path, ours, strangers, ours.issue("tidings.internal"), ours.issue("client"))


@pytest.fixture
def service(place: Place) -> Iterator[Half]:
    with half(place.folder, "service", *place.service_flags) as running:
        yield running


@contextlib.contextmanager
def lines(address: str, path: str, tls: ssl.SSLContext) -> Iterator[Iterator[bytes]]:
    connection = http.client.HTTPSConnection(address, timeout=PATIENCE_S, context=tls)
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        yield (line for line in iter(answer.readline, b"") if line.strip() != b"{}")


def publish(upstream: Half, flags: Sequence[str], key: str) -> subprocess.CompletedProcess[str]:
    return tidings("publish", f"--upstream={upstream.address}", *flags, "-", stdin=DRAFT % key)


def test_a_gateway_with_tls_serves_a_service_with_tls_also_while_both_renew(
    place: Place, service: Half
) -> None:
    pair = place.ours.issue("gateway")
    trust = ssl.create_default_context(cafile=str(place.ours.file))
    flags = ["--http=127.0.0.1:0", f"--upstream={service.address}", *pair.flags("http")]
    with (
        half(place.folder, "gateway", *flags, *place.client_flags) as gateway,
        lines(gateway.address, "/v1/event/stream?index=1", trust) as early,
    ):
        assert publish(service, place.client_flags, "one").returncode == 0
        assert b"one" in next(early)
        # the service trusts others from now on, and the gateway shows that it is one of them
        (place.folder / "clients.pem").write_bytes(place.strangers.file.read_bytes())
        until(
            lambda: publish(service, place.client_flags, "never").returncode == 1,
            "it is a stranger now",
        )
        place.client_pair.become(place.strangers.issue("renewed"))
        until(lambda: "loaded again" in gateway.log_path.read_text(), "the log says so")
        assert publish(service, place.client_flags, "two").returncode == 0
        # before the service had looked at its files, some of the others may have been taken
        assert b"two" in next(line for line in early if b'"never"' not in line)
        other = "/v1/event/stream?index=1&topic=Job"  # no stream that is open already
        with lines(gateway.address, other, trust) as late:
            wanted = (line for line in late if b'"never"' not in line)
            assert [json.loads(next(wanted))["Events"][0]["Key"] for _ in "ab"] == ["one", "two"]


def misfits(place: Place) -> dict[str, list[str]]:
    """Return flags of clients that a service with a client CA cannot serve."""
    shown = place.client_pair.flags("upstream")
    return {
        "no TLS": [],
        "no certificate": [f"--upstream-tls-ca={place.ours.file}"],
        "another CA": [*shown, f"--upstream-tls-ca={place.strangers.file}"],
        "public CAs": [*shown, "--upstream-tls-ca=public"],
        "another name": [*place.client_flags, "--upstream-tls-name=another.internal"],
    }


@pytest.mark.parametrize(
    "misfit", ["no TLS", "no certificate", "another CA", "public CAs", "another name"]
)
def test_a_command_that_does_not_fit_says_so_in_a_line(
    place: Place, service: Half, misfit: str
) -> None:
    refused = publish(service, misfits(place)[misfit], "never")
    assert refused.returncode == 1
    assert f"tried {service.address}" in refused.stderr
    assert ("TLS" in refused.stderr) is (misfit in {"another CA", "public CAs", "another name"})
    assert "Traceback" not in refused.stderr


def test_the_name_in_the_certificate_may_be_another_than_the_host(
    place: Place, service: Half
) -> None:
    flags = [*place.client_flags, "--upstream-tls-name=tidings.internal"]
    assert publish(service, flags, "one").returncode == 0


def test_every_command_that_calls_a_service_works_over_tls(place: Place) -> None:
    flags = [*place.service_flags, *place.guarded]
    with half(place.folder, "service", *flags) as running:
        with_all = [f"--upstream={running.address}", *place.client_flags, place.guarded[1]]
        assert publish(running, with_all[1:], "one").stdout == "line 1: seq 2\n"
        tailed = tidings("tail", *with_all, "--since=start", "-n=1", "--color=never")
        assert "one" in tailed.stdout
        made = tidings("token", *with_all, "create", "ci", "--management")
        assert made.returncode == 0, made.stderr
        assert "ci" in tidings("token", *with_all, "list").stdout


def test_a_gateway_alone_serves_others_only_before_a_service_with_access_control(
    place: Place, service: Half
) -> None:
    flags = [f"--http={ELSEWHERE}", *place.client_flags]
    refused = tidings("gateway", f"--upstream={service.address}", *flags)
    assert refused.returncode == 1
    assert "has no access control; listen on 127.0.0.1, or say --insecure" in refused.stderr
    assert "Traceback" not in refused.stderr
    # what the gateway itself is told of policies is not what the service does
    assert tidings("gateway", f"--upstream={service.address}", *flags, place.guarded[0]).returncode
    with half(place.folder, "gateway", f"--upstream={service.address}", *flags, "--insecure"):
        pass
    service.process.terminate()
    service.process.wait(PATIENCE_S)
    with (
        half(place.folder, "service", *place.service_flags, *place.guarded) as guarded,
        half(place.folder, "gateway", f"--upstream={guarded.address}", *flags) as gateway,
    ):
        said = gateway.log_path.read_text()
        assert "credentials pass in clear" in said
        assert "--http-tls-cert" in said


def test_a_gateway_that_cannot_ask_waits_and_can_be_stopped(place: Place) -> None:
    nobody = f"unix:{place.folder}/nobody.sock"
    with subprocess.Popen(
        [*TIDINGS, "gateway", f"--http={ELSEWHERE}", f"--upstream={nobody}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as waiting:
        assert waiting.stderr is not None
        assert any("not serving before the service says" in line for line in waiting.stderr)
        waiting.terminate()
        said, _ = waiting.communicate(timeout=PATIENCE_S)
    assert (waiting.returncode, said) == (0, "")
