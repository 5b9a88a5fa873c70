"""tidings check and export of a log on NATS: as people type them, also where NATS is away."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from tests.certificates import Authority
from tests.kit.server import AS_A_USER, Server, tidings
from tests.nats.accounts import Operator
from tests.nats.places import JetStreamPlace
from tests.nats.servers import NatsServer, nats_server
from tests.nats.shared import store_flags_of
from tests.patience import PATIENCE_S
from tests.store.places import append, draft
from tidings.v1 import event_pb2

COMMANDS = ("check", "export")


@pytest.fixture
def on_nats(nats: NatsServer, tmp_path: Path) -> Iterator[Server]:
    """A server whose log is on NATS."""
    server = Server(tmp_path / "nats", store=store_flags_of([nats], f"log-{token_hex(6)}"))
    try:
        yield server.start()
    finally:
        server.end()


@contextmanager
def on_a_file(data: Path) -> Iterator[Server]:
    server = Server(data, store=())
    try:
        yield server.start()
    finally:
        server.end()


def keys_of(drafts: str) -> list[str | None]:
    return [json.loads(line).get("key") for line in drafts.splitlines()]


def read(server: Server) -> list[dict[str, Any]]:
    done = tidings("tail", "--since=start", "-n0", "-o", "json", "--upstream", server.grpc)
    return [json.loads(line) for line in done.stdout.splitlines()]


def tailed(server: Server) -> list[dict[str, Any]]:
    """Return every record without what each log says for itself."""
    records = read(server)
    for record in records:
        del record["recordedAt"], record["seq"]
        record.pop("publisher", None)  # an import has one of its own
        for event in record["events"]:
            event.get("consul", {}).pop("ID", None)
            event.get("consul", {}).pop("LTime", None)
            event.get("puppet", {}).pop("id", None)
    return records


def test_an_export_moves_a_log_to_a_file_and_back(on_nats: Server, tmp_path: Path) -> None:
    node = {"Topic": "Node", "Type": "T", "Key": "n", "Payload": {"Node": {"ID": "n", "x": 1.50}}}
    line = json.dumps({"Index": 77, "Events": [node, {**node, "Key": "m"}]}).encode()
    on_nats.publish_nomad([line], "?source=prod")
    on_nats.request("PUT", "/v1/event/fire/deploy", b"\x00\xff")
    started = {"job": "352", "type": "node_running", "message": "x", "details": {"node": "w"}}
    on_nats.request("POST", "/v1/publish/puppet", json.dumps(started).encode())
    health = dict.fromkeys(("api_status", "compiler_status", "runner_status"), "Healthy")
    on_nats.request("POST", "/v1/publish/feldera", json.dumps(health).encode())
    named = {"key": "schlüssel: 1\n", "events": [{"consul": {"Name": "x", "Payload": "aGk="}}]}
    tidings("publish", "-", "--upstream", on_nats.grpc, stdin=json.dumps(named))
    assert len(tailed(on_nats)) == 5

    store = on_nats.store[0]
    done = tidings("export", store)
    assert (done.returncode, done.stderr) == (0, "")
    assert keys_of(done.stdout)[-1] == named["key"]
    with on_a_file(tmp_path / "file") as other:
        assert tidings("publish", "-", "--upstream", other.grpc, stdin=done.stdout).returncode == 0
        assert tailed(other) == tailed(on_nats)
        assert keys_of(tidings("export", f"--data={other.data}").stdout) == keys_of(done.stdout)
        exported = tidings("export", store).stdout
        again = tidings("publish", "-", "--upstream", other.grpc, stdin=exported)
        assert again.stderr.startswith("tidings publish: 0 stored, 5 duplicates")
    again = tidings("publish", "-", "--upstream", on_nats.grpc, stdin=done.stdout)
    # into the log that it came of: what has no key there, of Consul and Puppet, is stored again
    assert again.stderr.startswith("tidings publish: 2 stored, 3 duplicates")
    again = tidings("publish", "-", "--upstream", on_nats.grpc, stdin=done.stdout)
    assert again.stderr.startswith("tidings publish: 0 stored, 5 duplicates")  # but only once
    checked = tidings("check", store)
    assert (checked.returncode, checked.stderr, checked.stdout.split()[0]) == (0, "", "ok")
    assert " records=7 first_seq=" in checked.stdout


def test_a_known_id_is_a_known_event_there_too(on_nats: Server) -> None:
    health = dict.fromkeys(("api_status", "compiler_status", "runner_status"), "Healthy")
    node = {"type": "node", "action": "update", "resource_uri": "/api/infra/v1/shop/node/7/"}
    bodies = {"dockerCloud": node, "feldera": health, "consul": {"Name": "n"}}
    drafts = [
        {"key": f"{name}-{place}", "events": [{name: body, "source": "s"}]}
        for place in range(2)
        for name, body in bodies.items()
    ]
    publish = ("publish", "-", "--upstream", on_nats.grpc)
    done = tidings(*publish, stdin="\n".join(map(json.dumps, drafts)))
    assert done.stderr.startswith("tidings publish: 6 stored")
    events = [record["events"][0] for record in read(on_nats)]
    nowhere = [{name: value for name, value in e.items() if name != "source"} for e in events]
    again = [{"key": f"k-{n}", "events": [e]} for n, e in enumerate(events)]
    again += [{"events": [event]} for event in (*events, *nowhere)]
    done = tidings(*publish, stdin="\n".join(map(json.dumps, again)))
    assert done.stderr.startswith("tidings publish: 0 stored, 18 duplicates")


def test_what_is_wrong_is_a_line_each_and_status_1(nats: NatsServer) -> None:
    log = asyncio.run(made(JetStreamPlace(nats), b"no events", b"\xff"))
    store = f"--store={nats.url}/{log}"
    done = tidings("check", store)
    assert done.returncode == 1
    assert done.stdout.startswith("2 problems log_id=")
    assert done.stderr.splitlines() == [
        "tidings check: record 2: its content cannot be decoded",
        "tidings check: record 3: its content cannot be decoded",
    ]
    done = tidings("export", store)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 2)


async def made(place: JetStreamPlace, *bodies: bytes, **changes: object) -> str:
    store = await place.open(**changes)
    for at in range(0, len(bodies), 100):
        some = bodies[at : at + 100]
        await append(store, *(draft(body.decode("latin-1")) for body in some))
    await store.close()
    return place.cluster.log


@pytest.mark.parametrize("command", COMMANDS)
def test_a_log_that_is_not_there_is_told_and_not_made(nats: NatsServer, command: str) -> None:
    for _ in range(2):
        done = tidings(command, f"--store={nats.url}/none-{command}")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"tidings {command}: {nats.url} holds no log none-{command}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_nats_that_is_away_is_one_line(command: str) -> None:
    done = tidings(command, "--store=nats://127.0.0.1:1")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(
        f"tidings {command}: the store failed: connecting to nats://127.0.0.1:1: "
    )


def test_nats_that_goes_away_under_an_export_is_one_line(tmp_path: Path) -> None:
    body = event_pb2.EventRecord(events=[event_pb2.Event(id="a" * 100)]).SerializeToString()
    with nats_server(tmp_path / "nats") as server:
        log = asyncio.run(made(JetStreamPlace(server), *[body] * 5_000))
        command = [sys.executable, "-m", "tidings.app", "export", f"--store={server.url}/{log}"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=AS_A_USER
        ) as export:
            assert export.stdout is not None
            assert export.stderr is not None
            assert json.loads(export.stdout.readline())["events"]
            server.kill()  # the pipe holds less than there is
            export.stdout.read()
            (line,) = export.stderr.read().splitlines()
            assert line.startswith(b"tidings export: the store failed: ")
            assert export.wait(PATIENCE_S) == 1


@pytest.mark.slow  # a client tries for seconds before it says that it is refused
def test_certificates_and_credentials_count_as_for_serve(tmp_path: Path) -> None:
    authority, operator = Authority(tmp_path, "ours"), Operator()
    pair = authority.issue("server")
    credentials = tmp_path / "user.creds"
    credentials.write_text(operator.credentials)
    tls = f"tls {{ cert_file: '{pair.cert}', key_file: '{pair.key}' }}\n{operator.config}"
    body = event_pb2.EventRecord(events=[event_pb2.Event(id="a")]).SerializeToString()
    with nats_server(tmp_path / "nats", extra=tls) as server:
        place = JetStreamPlace(server)
        servers = (f"tls://{server.address}",)
        log = asyncio.run(
            made(place, body, servers=servers, ca=authority.file, credentials=credentials)
        )
        store = f"--store=tls://{server.address}/{log}"
        trust, known = f"--nats-ca={authority.file}", f"--nats-credentials={credentials}"
        for command, printed, only, reason in (
            ("check", "ok ", known, "certificate"),
            ("export", '{"key":"export-2-', trust, "authorization"),
        ):
            done = tidings(command, store, trust, known)
            assert (done.returncode, done.stderr) == (0, "")
            assert done.stdout.startswith(printed)
            done = tidings(command, store, only)
            assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1), (
                done.stderr
            )
            assert reason in done.stderr.lower()
        done = tidings("renew", store, trust, "--durability=relaxed")
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
