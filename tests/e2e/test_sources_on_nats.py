"""Three nodes serve one log over JetStream: exactly one runs a source, and another takes over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.test_sources import config_of, indexes, recorded
from tests.e2e.test_sources_by_door import LONG_S, by_doors, counted, happen, is_equal, told
from tests.kit.server import Server, nomad_line, serving
from tests.nats.servers import nats_cluster
from tests.nats.shared import store_flags_of
from tests.patience import until

GRANTED = "recording "
"""What a recorder logs once the source is its own; others stand by."""

pytestmark = [pytest.mark.slow, pytest.mark.own_store]


@contextmanager
def three_nodes(folder: Path, config: Path) -> Iterator[list[Server]]:
    """Serve one log of three NATS servers by three nodes with these sources."""
    with ExitStack() as stack:
        cluster = stack.enter_context(nats_cluster(folder / "nats"))
        nodes = []
        for name in ("a", "b", "c"):
            flags = [f"--config={config}"]
            node = Server(folder / name, flags, store=store_flags_of(cluster))
            stack.callback(node.end)
            nodes.append(node.start())
        yield nodes


def test_another_node_records_when_the_one_with_the_lease_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path / "upstream") as upstream:
        config = config_of(tmp_path, prod=f"http://{upstream.http}")
        with three_nodes(tmp_path, config) as nodes:

            def has_all() -> bool:
                return [index for _, index in recorded(nodes[0])] == indexes(upstream)

            upstream.publish_nomad([nomad_line(1), nomad_line(2)])
            until(has_all, "it is recorded")
            for count in (1, 2):
                holders = [node for node in nodes if GRANTED in node.log_path.read_text()]
                assert len(holders) == 1, [node.log_path.read_text() for node in holders]
                holders[0].kill_all()
                nodes.remove(holders[0])
                upstream.publish_nomad([nomad_line(10 * count), nomad_line(10 * count + 1)])
                until(has_all, "another one goes on where it was")
            assert {source for source, _ in recorded(nodes[0])} == {"prod"}


def test_all_doors_are_recorded_equal_while_the_nodes_that_record_are_killed(
    tmp_path: Path,
) -> None:
    with serving(tmp_path / "upstream") as upstream:
        happen(upstream, 1)
        with three_nodes(tmp_path, by_doors(tmp_path, upstream)) as nodes:
            until(lambda: is_equal(nodes[0], upstream), "what there was is recorded", LONG_S)
            for count in (2, 3):
                held = [node.log_path.read_text().count(GRANTED) for node in nodes]
                nodes.pop(held.index(max(held))).kill_all()
                happen(upstream, count)
                until(lambda: is_equal(nodes[0], upstream), "others go on", LONG_S)
            found = told(nodes[0])
            assert {name: len(listed) for name, listed in found.items()} == counted(3)
