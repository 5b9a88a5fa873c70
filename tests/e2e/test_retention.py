"""A start with stricter settings erases nothing until it is asked to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kit.server import Server, events_after, nomad_line
from tests.patience import until
from tidings.v1.event_service_pb2 import ReadRecordsRequest
from tidings.v1.selection_pb2 import Selection


def logged(server: Server, words: str) -> str | None:
    """Return the newest log line with these words, if there is one."""
    lines = server.log_path.read_text().splitlines()
    return next((line for line in reversed(lines) if words in line), None)


def first_index(server: Server) -> int:
    with server.lines("/v1/event/stream?index=1") as lines:
        return int(json.loads(events_after(lines, 1)[0])["Index"])


def test_stricter_settings_wait_until_they_are_applied(server: Server) -> None:
    server.publish_nomad([nomad_line(n) for n in range(1, 301)])
    assert server.stop() == 0
    server.flags = ["--retention-records=150"]
    server.start()
    line = until(lambda: logged(server, "retention waits"), "it says that it waits")
    assert "system=nomad would_take=150 of=300 up_to=2" in line
    assert "level=warning" in line
    assert first_index(server) == 2
    assert logged(server, "retention deleted") is None
    assert server.stop() == 0

    server.flags = ["--retention-records=150", "--retention-apply"]
    server.start()
    line = until(lambda: logged(server, "retention deleted"), "it says what it took")
    assert "system=nomad count=150 through_seq=151" in line
    assert first_index(server) == 152
    assert logged(server, "retention.apply is set") is not None


def big_line(number: int) -> bytes:
    line = json.loads(nomad_line(number))
    line["Events"][0]["Payload"] = {"Job": {"ID": "x" * 20_000}}
    return json.dumps(line).encode()


def seqs_of(server: Server, system: str) -> list[int]:
    with server.stub() as stub:
        selection = Selection()
        getattr(selection, system).SetInParent()
        request = ReadRecordsRequest(selection=selection)
        seqs = []
        while True:
            page = stub.ReadRecords(request)
            seqs += [record.seq for record in page.records]
            if not page.next_page_token:
                return seqs
            request.page_token = page.next_page_token


def test_a_log_takes_no_more_than_it_may(server: Server) -> None:
    server.request("PUT", "/v1/event/fire/old")
    server.publish_nomad([big_line(number) for number in range(300)])
    before = seqs_of(server, "nomad")
    fired = seqs_of(server, "consul")
    assert server.stop() == 0
    server.flags = ["--retention-size=2MiB"]
    server.start()
    line = until(lambda: logged(server, "retention waits"), "it says that it waits")
    assert "system=log would_take=" in line
    assert "size_bytes=2097152" in line
    assert seqs_of(server, "nomad") == before
    assert server.stop() == 0

    server.flags = ["--retention-size=2MiB", "--retention-apply"]
    server.start()
    until(lambda: logged(server, "retention deleted"), "it says what it took")
    kept = seqs_of(server, "nomad")
    assert kept == before[-len(kept) :]
    assert 70 <= len(kept) <= 105
    assert seqs_of(server, "consul") == fired, "what Consul's own API shows"


@pytest.mark.embedded  # the file is looked at
def test_a_system_takes_no_more_than_it_may_and_the_rest_goes_back_to_the_file_system(
    server: Server, tmp_path: Path
) -> None:
    server.publish_nomad([big_line(number) for number in range(500)])
    assert server.stop() == 0
    file = server.data / "log.db"
    assert file.stat().st_size > 10_000_000
    config = tmp_path / "tidings.toml"
    config.write_text('[retention]\napply = true\n[retention.nomad]\nsize = "1MiB"\n')
    server.flags = [f"--config={config}"]
    server.start()
    line = until(lambda: logged(server, "retention deleted"), "it says what it took")
    assert "system=nomad count=4" in line
    until(lambda: file.stat().st_size < 4_000_000, "the file is shorter")
