"""Real `tidings serve`s over one NATS cluster: the same log at each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from secrets import token_hex

from tests.e2e.rig import Server, serving
from tests.nats.servers import NatsServer


def store_flags(servers: Sequence[NatsServer], links: Sequence[str] = ()) -> list[str]:
    """Return the flags for a new log on these servers, reached through `links` if there are any."""
    addresses = links or [server.address for server in servers]
    return [
        f"--store=nats://{','.join(addresses)}/log-{token_hex(6)}",
        f"--nats-monitor={','.join(server.monitor for server in servers)}",
    ]


@contextlib.contextmanager
def serving_one_log(
    directory: Path, flags: Sequence[str], count: int = 2
) -> Iterator[list[Server]]:
    """Lend services, each with its gateway, that share one log."""
    with contextlib.ExitStack() as undo:
        yield [
            undo.enter_context(serving(directory / f"tidings{number}", *flags))
            for number in range(count)
        ]
