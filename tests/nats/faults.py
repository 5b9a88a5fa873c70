"""What may go wrong with a cluster, and what must hold through it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.kit.server import Server
from tests.nats.publisher import Resuming, Traffic, check_refused, read_all
from tests.nats.servers import NatsServer, nats_cluster, stream_leader, wait_for_leader
from tests.nats.shared import store_flags_of
from tests.nats.slow_link import SlowLink, slow_links
from tests.patience import until


@dataclass
class Field:
    """Where faults happen: three NATS servers, the links to them, two Tidings; chance is seeded."""

    cluster: Sequence[NatsServer]
    links: Sequence[SlowLink]
    nodes: Sequence[Server]
    chance: random.Random
    pause: threading.Event

    def kill_one(self) -> None:
        """kill -9 of a random NATS server, and its return."""
        self._kill([self.chance.choice(self.cluster)])

    def kill_leader(self) -> None:
        """kill -9 of the server that leads the log's stream, and its return."""
        self._kill([stream_leader(self.cluster)])

    def kill_two(self) -> None:
        """kill -9 of two servers, so that publishers hear that there is no quorum; their return."""
        gone = self.chance.sample(list(self.cluster), 2)
        self._kill(gone, meanwhile=lambda: check_refused(self.chance.choice(self.nodes).grpc))

    def freeze_one(self) -> None:
        """SIGSTOP of a random NATS server for ten seconds."""
        self._freeze(self.chance.choice(self.cluster))

    def freeze_leader(self) -> None:
        """SIGSTOP of the leader for ten seconds: it answers nobody, and does not know."""
        self._freeze(stream_leader(self.cluster))

    def slow_down(self) -> None:
        """Links on which everything is a fifth of a second late, each way, for five seconds."""
        for link in self.links:
            link.delay_s = 0.2
        self.pause.wait(5.0)
        for link in self.links:
            link.delay_s = 0.0

    def kill_service(self) -> None:
        """kill -9 of a service, whose supervisor starts another."""
        with suppress(KeyError, psutil.NoSuchProcess):  # else it is being started again already
            self.chance.choice(self.nodes).children()["service"].kill()

    def kill_tidings(self) -> None:
        """kill -9 of a whole Tidings, and its return."""
        node = self.chance.choice(self.nodes)
        node.kill_all()
        self.pause.wait(0.5)
        node.start()

    @property
    def faults(self) -> tuple[Callable[[], None], ...]:
        """One of each kind."""
        return (
            self.kill_leader,
            self.kill_tidings,
            self.kill_two,
            self.kill_one,
            self.kill_service,
            self.slow_down,
            self.freeze_one,
            self.freeze_leader,
        )

    def _kill(
        self, servers: Sequence[NatsServer], meanwhile: Callable[[], object] | None = None
    ) -> None:
        for server in servers:
            server.kill()
        if meanwhile:
            meanwhile()
        else:
            self.pause.wait(1.0)
        for server in servers:
            server.start()
        wait_for_leader(list(self.cluster))

    def _freeze(self, server: NatsServer) -> None:
        server.freeze()
        try:
            self.pause.wait(10.0)
        finally:
            server.thaw()


@contextmanager
def field_of_faults(top: Path, seed: int) -> Iterator[Field]:
    """Start three servers and two nodes below a folder, and leave none behind."""
    with ExitStack() as stack:
        cluster = stack.enter_context(nats_cluster(top / "cluster", advertises=False))
        links = stack.enter_context(slow_links([server.port for server in cluster]))
        flags = store_flags_of(cluster, through=[link.address for link in links])
        nodes = []
        for name in ("a", "b"):
            node = Server(top / name, store=flags)
            stack.callback(node.end)
            nodes.append(node.start())
        yield Field(cluster, links, nodes, random.Random(seed), threading.Event())


def check_through(faults: Sequence[Callable[[], None]], field: Field, calm_s: float) -> int:
    """Let clients publish and read through faults; return how many events were acknowledged.

    Nothing acknowledged is lost, nothing is stored twice, every node tells the same order, and a
    reader that resumes by position saw each event once, in that order.
    """
    addresses = [node.grpc for node in field.nodes]
    traffic = [Traffic(addresses, f"publisher-{number}") for number in range(3)]
    reader = Resuming(addresses)
    for one in traffic:
        one.start()
    reader.start()
    try:
        for fault in faults:
            field.pause.wait(calm_s)
            fault()
    finally:
        field.pause.wait(calm_s)
        for one in traffic:
            one.stop()
    last_seq = max(seq for one in traffic for seq in one.acknowledged.values())
    try:
        until(lambda: reader.seen and reader.seen[-1][0] >= last_seq, "the reader caught up", 60.0)
    finally:
        reader.stop()
    logs = [read_all(address, last_seq) for address in addresses]
    upto = [[entry for entry in log if entry[0] <= last_seq] for log in logs]
    assert upto[0] == upto[1], "two nodes tell different logs"
    seqs = [seq for seq, _, _ in upto[0]]
    assert seqs == sorted(set(seqs)), "positions do not rise"
    names = [(source, number) for _, source, number in upto[0]]
    assert len(names) == len(set(names)), "an event is stored twice"
    at = {(source, number): seq for seq, source, number in upto[0]}
    for one in traffic:
        for number, seq in one.acknowledged.items():
            assert at.get((one.name, str(number))) == seq, f"{one.name} {number} at {seq} is lost"
    first_seq = reader.seen[0][0]
    expected = [entry for entry in upto[0] if entry[0] >= first_seq]
    seen = [entry for entry in reader.seen if entry[0] <= last_seq]
    assert seen == expected, "a reader that resumes missed something, or saw it twice"
    codes = {code.name for one in traffic for code in one.failures}
    assert codes <= {"UNAVAILABLE"}, f"publishers heard {codes}"
    return sum(len(one.acknowledged) for one in traffic)
