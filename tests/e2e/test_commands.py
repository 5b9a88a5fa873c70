"""tidings tail, publish and check against a server, and a supervisor whose child keeps dying."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kit.server import AS_A_USER, Server, nomad_line, serving, tidings
from tests.nats.shared import ON_NATS
from tests.patience import PATIENCE_S


def test_what_is_published_from_a_file_is_tailed(server: Server, tmp_path: Path) -> None:
    drafts = [
        {"key": "k", "events": [{"consul": {"Name": "deploy", "Payload": "aGk="}}]},
        {"events": [{"nomad": {"Topic": "Job", "Type": "T", "Key": "web", "Namespace": "prod"}}]},
    ]
    file = tmp_path / "drafts.ndjson"
    file.write_text("".join(json.dumps(draft) + "\n" for draft in [*drafts, drafts[0]]))
    done = tidings("publish", str(file), "--upstream", server.grpc)
    assert done.returncode == 0
    assert done.stderr.startswith("tidings publish: 2 stored, 1 duplicate in ")
    keyed, keyless = (line.split()[-1] for line in done.stdout.splitlines()[:2])
    assert 2 <= int(keyed) < int(keyless)
    assert done.stdout.splitlines() == [
        f"line 1: seq {keyed}",
        f"line 2: seq {keyless}",
        f"line 3: seq {keyed} duplicate",
    ]

    done = tidings("tail", "--since", "start", "-n", "0", "--upstream", server.grpc)
    assert done.returncode == 0
    first, second = (line.split() for line in done.stdout.splitlines())
    assert (first[0], first[3:]) == (keyed, ["consul", "deploy", "2", "bytes"])
    assert (second[0], second[3:]) == (keyless, ["nomad", "Job", "T", "web", "prod"])

    done = tidings("tail", "--since", keyed, "-n", "9", "-o", "json", "--upstream", server.grpc)
    assert json.loads(done.stdout)["seq"] == keyless


@pytest.mark.embedded  # its file is what is checked
def test_check_says_what_a_log_holds(server: Server) -> None:
    server.publish_nomad([nomad_line(1), nomad_line(2)])
    done = tidings("check", "--data", str(server.data))
    assert (done.returncode, done.stdout.split()[0]) == (0, "ok")
    assert "records=2 first_seq=2 last_seq=3" in done.stdout


def test_tail_selects_and_colours(server: Server) -> None:
    server.publish_nomad([nomad_line(1), nomad_line(2, topic="Node", namespace="")])
    server.request("PUT", "/v1/event/fire/deploy")
    flags = ["--since", "start", "-n", "0", "--upstream", server.grpc]
    assert len(tidings("tail", "--topic", "Node", *flags).stdout.splitlines()) == 1
    assert len(tidings("tail", "--system", "consul", *flags).stdout.splitlines()) == 1
    assert "\x1b[" in tidings("tail", "--color", "always", *flags).stdout
    assert "\x1b[" not in tidings("tail", *flags).stdout


@pytest.mark.parametrize("command", [("tail", "--since", "start", "-n", "0"), ("log",)])
def test_conditions_hold_together(command: tuple[str, ...], server: Server) -> None:
    lines = [nomad_line(1, text="a web shop"), nomad_line(2), nomad_line(3, topic="Node")]
    server.publish_nomad(lines, "?source=eu")
    server.publish_nomad([nomad_line(4, text="web")])

    def keys(*words: str) -> list[str]:
        done = tidings(*command, *words, "-o", "ndjson", "--upstream", server.grpc)
        assert (done.returncode, done.stderr) == (0, "")
        records = [json.loads(line) for line in done.stdout.splitlines()]
        return [event["nomad"]["Key"] for record in records for event in record["events"]]

    assert keys("--type", "NodeRegistered") == ["key-3"]
    assert keys("--type", "NodeRegistered", "--type", "JobRegistered", "--source", "eu") == [
        "key-1",
        "key-2",
        "key-3",
    ]
    assert keys("--id", "job/key-2") == keys("--id", "key-2") == ["key-2"]
    assert keys("--grep", "Web") == ["key-1", "key-4"]
    assert keys("--grep", '"web shop"') == keys("--grep", "web", "--source", "eu") == ["key-1"]
    assert keys("--grep", "web", "--source", "") == ["key-4"]
    assert keys("--id", "job/key-1", "--type", "NodeRegistered") == []
    assert keys("--where", "event.nomad.key.endsWith('3')", "--source", "eu") == ["key-3"]
    done = tidings(*command, "--id", "job/", "--upstream", server.grpc)
    assert (done.returncode, done.stdout) == (1, "")
    assert "identifiers[0]" in done.stderr


def test_top_goes_on_counting_on_a_terminal(server: Server) -> None:
    server.publish_nomad([nomad_line(number) for number in range(3)])
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "tidings", "top", "--by=system", "--upstream", server.grpc]
    with (
        os.fdopen(ours, "rb", buffering=0) as terminal,
        subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE) as counting,
    ):
        os.close(theirs)
        seen = b""

        def see(row: bytes) -> None:
            nonlocal seen
            while row not in seen:
                seen += terminal.read(4096)

        see(b"\n3       nomad")
        server.publish_nomad([nomad_line(number) for number in range(3, 10)])
        see(b"\n10      nomad")
        counting.send_signal(signal.SIGINT)
        assert counting.wait(PATIENCE_S) == 0


def test_tail_prints_the_last_ones(server: Server) -> None:
    server.request("PUT", "/v1/event/fire/first")
    server.publish_nomad([nomad_line(number) for number in range(600)])
    flags = ("-o", "json", "--upstream", server.grpc)

    def seqs(*words: str) -> list[int]:
        done = tidings("tail", *words, *flags)
        assert (done.returncode, done.stderr) == (0, "")
        return [int(json.loads(line)["seq"]) for line in done.stdout.splitlines()]

    assert seqs("-n", "3") == [600, 601, 602]
    assert seqs("-n", "3", "--since", "600") == [601, 602]
    assert seqs("-n", "2", "--since", "1h") == [601, 602]
    assert seqs("-n", "3", "--system", "consul") == [2], "far from the end"
    assert seqs("-n", "5", "--topic", "Job:key-7") == [10]
    assert seqs("-n", "0") == list(range(2, 603))


def test_log_prints_what_is_stored_between_bounds(server: Server) -> None:
    server.request("PUT", "/v1/event/fire/first")
    server.publish_nomad([nomad_line(number) for number in range(30)])
    done = tidings("log", "-o", "ndjson", "--upstream", server.grpc)
    assert (done.returncode, done.stderr) == (0, "")
    seqs = [int(json.loads(line)["seq"]) for line in done.stdout.splitlines()]
    assert len(seqs) == 31
    assert seqs == sorted(seqs)

    def found(*words: str) -> list[int]:
        done = tidings("log", *words, "-o", "json", "--upstream", server.grpc)
        assert (done.returncode, done.stderr) == (0, "")
        return [int(record["seq"]) for record in json.loads(done.stdout)]

    assert found() == found("--since=1h") == found("--since=start", "--until=in 1 hour") == seqs
    assert found("-n3") == seqs[-3:], "the newest last"
    assert found("-n3", "-r") == seqs[:-4:-1], "or first"
    assert found("-r") == seqs[::-1]
    assert found("-n3", "--since", str(seqs[10]), "--until", str(seqs[20])) == seqs[18:21]
    assert found("--since", str(seqs[10]), "--until", str(seqs[12])) == seqs[11:13]
    assert found("--until", "yesterday 14:00") == found("--since", "in 1 hour") == []
    assert found("-n1", "--system=consul") == seqs[:1]
    assert found("--topic=Job:key-7") == [seqs[8]]
    done = tidings("log", "-n2", "--upstream", server.grpc)
    assert [line.split()[0] for line in done.stdout.splitlines()] == [*map(str, seqs[-2:])]
    done = tidings("log", "-n2", "-o", "table", "--upstream", server.grpc)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["seq", *map(str, seqs[-2:])]


def test_show_prints_a_record_and_its_neighbours(server: Server) -> None:
    server.publish_nomad([nomad_line(number) for number in range(9)])
    done = tidings("log", "-o", "ndjson", "--upstream", server.grpc)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    seq = records[4]["seq"]
    shown = json.loads(tidings("show", seq, "-o", "json", "--upstream", server.grpc).stdout)
    assert shown == [records[4]]
    flags = ("-C", "2", "--upstream", server.grpc)
    shown = json.loads(tidings("show", seq, "-o", "json", *flags).stdout)
    assert shown == records[2:7]
    done = tidings("show", records[0]["seq"], *flags)
    assert (done.returncode, done.stderr) == (0, "")
    first, *rest, empty, later, latest = done.stdout.splitlines()
    assert [line.split()[0] for line in (first, later, latest)] == [r["seq"] for r in records[:3]]
    assert (empty, rest[0]) == ("", "  published from 127.0.0.1 through nomad")
    assert json.loads("".join(rest[1:])) == records[0]
    done = tidings("show", "1", "--upstream", server.grpc)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "tidings show: no record 1 (NOT_FOUND)\n"


def test_tail_goes_on_over_a_restart_and_neither_loses_nor_repeats(server: Server) -> None:
    server.publish_nomad([nomad_line(number) for number in range(5)])
    command = [sys.executable, "-m", "tidings", "tail", "-n2", "-f", "--upstream", server.grpc]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=AS_A_USER, text=True
    ) as tailing:
        assert tailing.stdout is not None
        assert [tailing.stdout.readline().split()[0] for _ in range(2)] == ["5", "6"]
        for number, go_down in enumerate((server.kill_all, server.stop)):
            go_down()
            server.start()
            server.publish_nomad([nomad_line(10 + number)])
            assert tailing.stdout.readline().split()[0] == str(7 + number)
        tailing.send_signal(signal.SIGINT)
        rest, stderr = tailing.communicate(timeout=PATIENCE_S)
    assert (tailing.returncode, rest) == (0, "")
    told = [line.partition(" (")[0] for line in stderr.splitlines()]
    # asyncio's debug mode has lines of its own on a slow machine
    assert [line for line in told if line.startswith("tidings")] == 2 * [
        "tidings tail: the service is lost; trying again",
        "tidings tail: the service is back; going on",
    ]


def test_tail_says_what_cannot_match(server: Server) -> None:
    done = tidings("tail", "-n1", "--topic", "job", "--upstream", server.grpc)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == (
        "tidings tail: warning: --topic job: no topic that Nomad is known to have;"
        " did you mean Job?\n"
    )
    done = tidings("tail", "--system=consul", "--topic=Job", "--upstream", server.grpc)
    assert done.returncode == 2
    assert "which --system leaves out" in done.stderr


def test_publish_says_which_line_is_bad_and_goes_on(server: Server) -> None:
    good = json.dumps({"events": [{"consul": {"Name": "a"}}]})
    done = tidings("publish", "-", "--upstream", server.grpc, stdin=f"nonsense\n{good}\n")
    assert done.returncode == 1
    assert done.stdout == "line 2: seq 2\n"
    assert done.stderr.startswith("tidings publish: line 1: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("tail",),
        ("tail", "-n1"),
        ("log",),
        ("show", "2"),
        ("publish", "-"),
        ("token", "list"),
        ("token", "revoke", "x"),
    ],
)
def test_nobody_there_is_status_1_in_one_line(command: tuple[str, ...]) -> None:
    done = tidings(*command, "--upstream", "127.0.0.1:1")
    assert done.returncode == 1
    assert done.stderr == (
        f"tidings {command[0]}: the service does not answer; is it running?"
        " tried 127.0.0.1:1 (Connection refused)\n"
    )


@pytest.mark.parametrize(
    "command", [("tail",), ("publish", "-"), ("token", "list"), ("token", "create", "x")]
)
def test_the_port_of_http_is_told_from_the_one_of_grpc(
    command: tuple[str, ...], server: Server
) -> None:
    done = tidings(*command, "--upstream", server.http)
    assert done.returncode == 1
    assert f"tried {server.http}, which speaks HTTP" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.embedded  # an export reads its file
def test_nothing_reaches_a_terminal_that_it_obeys(server: Server) -> None:
    evil = "\u009b31m\u202edrowssap\u2066\u001b]0;x\u0007"
    event = {"Topic": "Job", "Type": evil, "Key": evil, "Namespace": "default", "Payload": {}}
    server.publish_nomad([json.dumps({"Index": 1, "Events": [event]}, ensure_ascii=False).encode()])
    flags = ["--since=start", "-n0", "--upstream", server.grpc]
    for printed in (
        tidings("tail", *flags),
        tidings("tail", "-o", "json", *flags),
        tidings("export", "--data", str(server.data)),
    ):
        assert printed.returncode == 0
        (line,) = printed.stdout.splitlines()
        assert line.isprintable()
        assert "drowssap" in line


@pytest.mark.parametrize("action", [("list",), ("revoke", "x"), ("create", "x")])
def test_settings_are_taken_before_and_after_an_action(
    action: tuple[str, ...], tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("")
    setting = f"--token-file={secret}"
    for arguments in ((setting, *action), (*action, setting)):
        done = tidings("token", *arguments)
        assert (done.returncode, done.stderr) == (1, f"tidings: {secret}: is empty\n")
    done = tidings("token", "--config=/none.toml", *action)
    assert (done.returncode, done.stderr.split(":")[1]) == (2, " /none.toml")


@pytest.mark.embedded  # an export reads its file
def test_a_disk_that_is_full_is_told(server: Server) -> None:
    server.publish_nomad([nomad_line(1)])
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tidings", "export", "--data", str(server.data)],
            stdout=full,
            stderr=subprocess.PIPE,
            env=AS_A_USER,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
    assert done.returncode == 1
    assert done.stderr == "tidings: cannot write: No space left on device\n"


def test_a_port_that_is_taken_is_status_1(server: Server, tmp_path: Path) -> None:
    data = str(tmp_path / "other")
    for flags in (
        ["--http", server.http, "--grpc=127.0.0.1:0"],
        ["--http=127.0.0.1:0", "--grpc", server.grpc],
    ):
        done = tidings("serve", "--data", data, *flags)
        assert done.returncode == 1
        assert "cannot listen on" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.timeout(120)
def test_five_deaths_within_a_minute_end_the_supervisor(server: Server, patience_s: float) -> None:
    for _ in range(5):
        child = server.children().get("gateway")
        while child is None:
            child = server.children().get("gateway")
        child.kill()
        child.wait(patience_s)
    assert server.process.wait(patience_s) == 1
    assert "5 deaths within 60 s" in server.log_path.read_text()


@pytest.mark.embedded  # a stream is backed up and restored by NATS's own tools
def test_a_backup_is_made_while_serving_and_restored(server: Server, tmp_path: Path) -> None:
    server.publish_nomad([nomad_line(1), nomad_line(2)])
    copy, restored = str(tmp_path / "copy"), tmp_path / "restored"
    done = tidings("backup", copy, "--data", str(server.data))
    assert (done.returncode, done.stderr, done.stdout.split()[0]) == (0, "", "ok")
    server.publish_nomad([nomad_line(3)])

    done = tidings("restore", copy, "--data", str(restored))
    assert (done.returncode, done.stdout.split()[0]) == (0, "ok")
    with serving(restored) as other:
        flags = ["--since", "start", "-n", "0", "--upstream", other.grpc]
        assert len(tidings("tail", *flags).stdout.splitlines()) == 2
        (answer,) = other.publish_nomad([nomad_line(3)])
        assert answer["seq"] == 4

    done = tidings("restore", copy, "--data", str(server.data))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


def tailed(server: Server) -> list[dict[str, Any]]:
    """Return every record as `tidings tail` prints it, without what each log says for itself."""
    done = tidings("tail", "--since=start", "-n0", "-o", "json", "--upstream", server.grpc)
    assert done.returncode == 0
    records = [json.loads(line) for line in done.stdout.splitlines()]
    for record in records:
        del record["recordedAt"]
        record.pop("publisher", None)  # an import has one of its own
        for event in record["events"]:
            event.get("consul", {}).pop("ID", None)
    return records


@pytest.mark.embedded  # an export reads its file
def test_an_export_makes_the_same_log_elsewhere(server: Server, tmp_path: Path) -> None:
    node = {"Topic": "Node", "Type": "T", "Key": "n", "Payload": {"Node": {"ID": "n", "x": 1.50}}}
    line = json.dumps({"Index": 77, "Events": [node, {**node, "Key": "m"}]}).encode()
    server.publish_nomad([line], "?source=prod")
    server.request("PUT", "/v1/event/fire/deploy", b"\x00\xff")
    stack = {"type": "stack", "action": "create", "resource_uri": "/api/app/v1/me/stack/7/"}
    server.request("POST", "/v1/publish/docker-cloud", json.dumps(stack).encode())
    started = {"job": "352", "type": "node_running", "message": "x", "details": {"node": "w"}}
    server.request("POST", "/v1/publish/puppet", json.dumps(started).encode())
    health = dict.fromkeys(("api_status", "compiler_status", "runner_status"), "Healthy")
    server.request("POST", "/v1/publish/feldera", json.dumps(health).encode())
    assert len(tailed(server)) == 5

    drafts = tidings("export", "--data", str(server.data)).stdout
    with serving(tmp_path / "other") as other:
        done = tidings("publish", "-", "--upstream", other.grpc, stdin=drafts)
        assert done.returncode == 0
        assert tailed(other) == tailed(server)
        exported = tidings("export", "--data", str(server.data)).stdout
        assert exported == drafts
        again = tidings("publish", "-", "--upstream", other.grpc, stdin=exported)
        assert again.stderr.startswith("tidings publish: 0 stored, 5 duplicates in ")
        assert len(tailed(other)) == 5


def test_an_export_of_nothing_is_status_1(tmp_path: Path) -> None:
    done = tidings("export", "--data", str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"tidings export: {tmp_path} holds no log\n"


@pytest.mark.embedded  # as above
def test_an_export_that_nobody_reads_on_ends_quietly(server: Server) -> None:
    server.publish_nomad([nomad_line(n) for n in range(2000)])
    command = [sys.executable, "-m", "tidings.app", "export", "--data", str(server.data)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=AS_A_USER
    ) as export:
        assert export.stdout is not None
        assert export.stderr is not None
        assert json.loads(export.stdout.readline())["events"]
        export.stdout.close()
        assert export.stderr.read() == b""
        assert export.wait(PATIENCE_S) == 1


def test_renew_is_for_logs_on_nats() -> None:
    done = tidings("renew")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    done = tidings("renew", "--store=nats://127.0.0.1:1", "--durability=relaxed")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("form", ["text", "json"])
def test_info_says_what_the_log_holds(server: Server, form: str) -> None:
    kind = "jetstream" if ON_NATS else "sqlite"
    done = tidings("info", "--upstream", server.grpc, "-o", form)
    assert (done.returncode, done.stderr) == (0, "")
    if form == "json":
        assert json.loads(done.stdout)["store"]["kind"] == kind
    else:
        assert f"store    {kind}, " in done.stdout


def test_info_of_no_service_is_one_line() -> None:
    done = tidings("info", "--upstream", "127.0.0.1:1")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("tidings info: the service does not answer")
