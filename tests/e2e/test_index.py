"""The index of a real server: killed, deleted, guarded; answers are the same throughout."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.access.jwts import jwks
from tests.e2e.guarded import OPS, POLICY_FILE
from tests.kit.server import Server, indexed_through, nomad_line, tidings
from tests.patience import PATIENCE_S
from tidings.index.file import delete_index


def ask(server: Server, path: str, secret: str = "") -> dict[str, Any]:
    host, port = server.host_and_port
    connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_S)
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        found: dict[str, Any] = json.loads(body)
        return found
    finally:
        connection.close()


def publish(server: Server, *numbers: int, secret: str = "") -> None:
    host, port = server.host_and_port
    connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_S)
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    body = b"\n".join(nomad_line(number) for number in numbers)
    try:
        connection.request("POST", "/v1/publish/nomad", body, headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
    finally:
        connection.close()


def keys(server: Server, query: str, secret: str = "") -> list[str]:
    page = ask(server, f"/v1/records?{query}", secret)
    assert "nextPageToken" not in page
    return [
        event["nomad"]["Key"] for record in page.get("records", ()) for event in record["events"]
    ]


@pytest.fixture
def indexing(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data", index=True)
    try:
        yield server.start()
    finally:
        server.end()


def test_answers_are_complete_whatever_becomes_of_the_index(indexing: Server) -> None:
    server = indexing
    publish(server, 1, 2)
    first = indexed_through(server)
    query = "types=JobRegistered&identifiers=job/key-2&identifiers=job/key-3"
    assert keys(server, query) == ["key-2"]
    server.children()["index"].kill()
    publish(server, 3)
    assert keys(server, query) == ["key-2", "key-3"]
    assert indexed_through(server) > first
    assert keys(server, query) == ["key-2", "key-3"]
    delete_index(server.data)
    assert keys(server, query) == ["key-2", "key-3"]
    count = ask(server, "/v1/records:count?types=JobRegistered")
    assert [each["events"] for each in count["counts"]] == ["3"]
    publish(server, 4)
    indexed_through(server)
    assert keys(server, f"{query}&identifiers=job/key-4") == ["key-2", "key-3", "key-4"]
    server.stop()
    server.start()
    assert keys(server, query) == ["key-2", "key-3"]
    assert server.stop() == 0


def test_reindex_waits_until_the_index_is_made_anew(indexing: Server) -> None:
    server = indexing
    publish(server, 1, 2, 3)
    through_seq = indexed_through(server)
    done = tidings("reindex", f"--data={server.data}", "--upstream", server.grpc)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    told = re.fullmatch(r"the index holds the log through (\d+), after \d+\.\d s\n", done.stderr)
    assert told is not None
    assert int(told[1]) >= through_seq
    assert keys(server, "identifiers=job/key-2") == ["key-2"]
    server.stop()
    done = tidings("reindex", f"--data={server.data}", "--upstream", server.grpc)
    said = "index.db is deleted; the next tidings serve makes it anew\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
    assert not (server.data / "index.db").exists()


def test_there_is_nothing_to_make_anew_where_there_is_no_directory(tmp_path: Path) -> None:
    done = tidings("reindex", f"--data={tmp_path / 'none'}")
    said = f"tidings reindex: {tmp_path / 'none'}: no such directory\n"
    assert (done.returncode, done.stderr) == (1, said)


def test_access_control_lets_the_index_in_and_nobody_else(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY_FILE)
    (tmp_path / "keys.json").write_bytes(jwks("ec"))
    server = Server(tmp_path / "data", [f"--access-policy={tmp_path / 'policy.toml'}"], index=True)
    try:
        server.start()
        publish(server, 1, 2, secret=OPS)
        indexed_through(server, OPS)
        assert keys(server, "identifiers=key-1", OPS) == ["key-1"]
        tokens = server.log_path.read_text()
        environment = server.children()["index"].environ()
        own = environment["_TIDINGS_OWN_SECRET"]
        assert own not in tokens
        assert all(own not in " ".join(each.cmdline()) for each in server.processes())
    finally:
        server.end()


def test_without_an_index_there_is_no_process_and_no_file(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    try:
        server.start()
        publish(server, 1)
        assert keys(server, "identifiers=key-1") == ["key-1"]
        assert "index" not in server.children()
        assert "index" not in ask(server, "/v1/log/status")
        assert not (server.data / "index.db").exists()
    finally:
        server.end()
