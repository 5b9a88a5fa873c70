"""Puppet's calls from Ruby, over TLS 1.2 with a certificate of the test's own."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.server import Server, serving
from tests.patience import PATIENCE_S

PROGRAM = Path(__file__).parent / "programs" / "puppet_jobs.rb"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    openssl = shutil.which("openssl")
    assert openssl, "openssl is missing: apt-get install openssl"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [*command, "-out", str(cert), "-keyout", str(key)], check=True, capture_output=True
    )
    return cert, key


@pytest.fixture
def secure(certificate: tuple[Path, Path], tmp_path: Path) -> Iterator[Server]:
    cert, key = certificate
    flags = f"--http-tls-cert={cert}", f"--http-tls-key={key}"
    with serving(tmp_path / "data", *flags) as running:
        yield running


def publish(server: Server, ca_file: Path, kind: str) -> None:
    item = {"job": "352", "type": kind, "timestamp": "2016-05-05T19:50:08Z"}
    request = urllib.request.Request(
        f"https://{server.http}/v1/publish/puppet", json.dumps(item).encode()
    )
    context = ssl.create_default_context(cafile=str(ca_file))
    answering = urllib.request.urlopen(request, context=context, timeout=PATIENCE_S)  # noqa: S310 - ours
    with answering as answer:
        assert answer.status == 200


@pytest.mark.clients  # needs ruby and openssl
def test_ruby_reads_a_job_to_its_end_over_tls_1_2(
    secure: Server, certificate: tuple[Path, Path]
) -> None:
    ruby = shutil.which("ruby")
    assert ruby, "ruby is missing: apt-get install ruby"
    ca_file = certificate[0]
    publish(secure, ca_file, "node_running")
    command = [ruby, str(PROGRAM), f"https://{secure.http}", str(ca_file), "352"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reading:
        assert reading.stdout is not None
        assert json.loads(reading.stdout.readline()) == {"tls": "TLSv1.2", "next": "3"}
        publish(secure, ca_file, "node_finished")
        publish(secure, ca_file, "job_finished")
        last = json.loads(reading.stdout.readline())
        assert reading.wait(PATIENCE_S) == 0
    assert last == {
        "seen": ["node_running", "node_finished", "job_finished"],
        "polled": True,
        "from 3": ["3", "4"],
        "link": f"https://{secure.http}/orchestrator/v1/jobs/352/events?start=5",
    }


@pytest.mark.clients  # needs openssl
def test_tls_1_2_is_the_least(secure: Server, certificate: tuple[Path, Path]) -> None:
    host, _, port = secure.http.rpartition(":")

    def version(least: ssl.TLSVersion, most: ssl.TLSVersion) -> str | None:
        context = ssl.create_default_context(cafile=str(certificate[0]))
        context.set_ciphers("ALL:@SECLEVEL=0")  # or this side refuses what is old by itself
        context.minimum_version, context.maximum_version = least, most
        with (
            socket.create_connection((host, int(port)), PATIENCE_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            return secured.version()

    known = ssl.TLSVersion
    assert version(known.TLSv1_2, known.TLSv1_2) == "TLSv1.2"
    assert version(known.TLSv1_2, known.TLSv1_3) == "TLSv1.3"
    with (
        pytest.warns(DeprecationWarning, match="TLS"),
        pytest.raises(ssl.SSLError, match=r"(?i)protocol"),
    ):
        version(known.TLSv1, known.TLSv1_1)
