"""`tidings serve --metrics`: both halves on one page."""

from __future__ import annotations

import contextlib
import http.client
import re
import signal
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.kit.metrics_page import PAGE
from tests.kit.server import Server, nomad_line, serving
from tests.patience import PATIENCE_S

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def address_of_metrics(server: Server) -> str:
    """Return where a server that was started with --metrics=127.0.0.1:0 shows its page."""
    found = re.findall(r"event=\"serving metrics\" http=(\S+)", server.log_path.read_text())
    return str(found[-1])


def metrics_of(server: Server, host: str = "localhost") -> tuple[set[str], Samples]:
    """Return the families and samples of the page that both halves share, asked by a name."""
    with contextlib.closing(
        http.client.HTTPConnection(address_of_metrics(server), timeout=PATIENCE_S)
    ) as connection:
        connection.request("GET", "/metrics", headers={"Host": host})
        answer = connection.getresponse()
        page = answer.read().decode()
    assert answer.status == 200, page
    families = list(text_string_to_metric_families(page))
    names = [f"{each.name}{'_total' if each.type == 'counter' else ''}" for each in families]
    assert len(names) == len(set(names)), "a family is there twice"
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }
    return set(names), samples


def test_both_halves_show_all_that_is_documented_on_one_page(root: Path, tmp_path: Path) -> None:
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", (root / PAGE).read_text(), re.MULTILINE))
    flags = ("--metrics=127.0.0.1:0", "--http-allow-host=named.example")
    with serving(tmp_path / "data", *flags) as server:
        server.publish_nomad([nomad_line(1), nomad_line(2)])
        names, samples = metrics_of(server)
        assert metrics_of(server, "named.example")[0] >= names
        with pytest.raises(AssertionError, match="--http-allow-host"):
            metrics_of(server, "evil.example")
    certificate = {"tidings_certificate_end_timestamp_seconds"}  # there is none here
    on_disk = {"tidings_disk_free_bytes", "tidings_disk_size_bytes"}  # not on NATS
    index = {name for name in documented if name.startswith("tidings_index_")}  # once it has begun
    made = {name for name in names if not name.endswith("_created")}
    assert made | certificate | on_disk | index == documented
    assert samples["tidings_up", (("process", "gateway"),)] == 1
    assert samples["tidings_up", (("process", "service"),)] == 1
    assert samples["tidings_system_records", (("system", "nomad"),)] == 2
    assert samples["tidings_system_bytes", (("system", "nomad"),)] > 100
    stored = ("door", "nomad"), ("outcome", "stored")
    assert samples["tidings_http_upload_objects_total", stored] == 2
    assert samples["tidings_http_requests_total", (("door", "nomad"), ("status", "200"))] == 1
    assert samples["tidings_commit_seconds_count", ()] >= 1
    assert samples["tidings_publish_seconds_count", ()] >= 1
    for process in ("gateway", "service"):
        assert samples["process_resident_memory_bytes", (("process", process),)] > 1e6


def test_the_page_says_that_the_service_is_away(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--metrics=127.0.0.1:0") as server:
        service = server.children()["service"]
        service.send_signal(signal.SIGSTOP)
        (tmp_path / "data" / "metrics.sock").unlink()
        names, samples = metrics_of(server)
        service.send_signal(signal.SIGCONT)
    assert samples["tidings_up", (("process", "gateway"),)] == 1
    assert samples["tidings_up", (("process", "service"),)] == 0
    assert "tidings_last_seq" not in names
