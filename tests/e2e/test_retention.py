"""A start with stricter settings erases nothing until it is asked to."""

from __future__ import annotations

import json

from tests.e2e.rig import Server, events_after, nomad_line
from tests.patience import until


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
    assert logged(server, "retention took") is None
    assert server.stop() == 0

    server.flags = ["--retention-records=150", "--retention-apply"]
    server.start()
    line = until(lambda: logged(server, "retention took"), "it says what it took")
    assert "system=nomad count=150 through_seq=151" in line
    assert first_index(server) == 152
    assert logged(server, "retention.apply is set") is not None
