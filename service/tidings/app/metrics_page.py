"""The pages of metrics, for Prometheus to fetch: of one part alone, or of all together.

Under a supervisor each part tells its metrics over a unix socket, and a gateway shows those of all
with its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import socketserver
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from tidings.app.process_metrics import PROCESS, labelled, merged

_WITHIN_S = 8.0
"""For what a part tells: longer than it waits for its store, shorter than Prometheus waits."""


@asynccontextmanager
async def tell_metrics(registry: Collector, path: Path | None) -> AsyncIterator[None]:
    """Write the page to whoever connects to a unix socket, in a thread; nothing without a path."""
    if path is None:
        yield
        return

    with _PageServer(registry, path) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            await asyncio.to_thread(server.shutdown)
            thread.join()


class _PageServer(socketserver.ThreadingUnixStreamServer):
    """Writes the page to whoever connects. The file is there as long as it listens."""

    daemon_threads = True
    request_queue_size = 128  # who comes when it is full is refused, and takes it for away

    def __init__(self, registry: Collector, path: Path) -> None:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    self.request.sendall(generate_latest(registry))

        self._path = path
        path.unlink(missing_ok=True)  # of one that was killed
        super().__init__(str(path), Handler)

    def server_close(self) -> None:
        """Listen no more."""
        super().server_close()
        self._path.unlink(missing_ok=True)


class Labelled(Collector):
    """The metrics of one part of several that are alike, each with the part's name."""

    def __init__(self, part: str, own: Collector) -> None:
        self._part = part
        self._own = own

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        for family in self._own.collect():
            yield labelled(family, **{PROCESS: self._part})


class WholePage(Collector):
    """A part's own metrics, those that others tell, and which of them do."""

    def __init__(self, part: str, own: Collector, others: Mapping[str, Path]) -> None:
        self._part = part
        self._own = own
        self._others = dict(others)

    def collect(self) -> Iterator[Metric]:
        """Yield every family once. The others are asked all at a time, in threads."""
        with ThreadPoolExecutor(len(self._others)) as pool:
            told = list(pool.map(_told_at, self._others.values()))
        yield from self._families(told)

    async def asked(self) -> Collector:
        """Ask the others all at a time, and return every family once.

        A part that hangs costs a connection for `_WITHIN_S`, and no thread. Cancelling is safe.
        """
        told = await asyncio.gather(*(_read_from(path) for path in self._others.values()))
        return _Families(partial(self._families, told))

    def _families(self, told: Sequence[str | None]) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "tidings_up", "1 if a part of Tidings answers with its metrics.", labels=(PROCESS,)
        )
        up.add_metric((self._part,), 1.0)
        # As text, as the others': a counter and the time of its creation are two families there.
        pages = [generate_latest(self._own).decode()]
        for part, page in zip(self._others, told, strict=True):
            up.add_metric((part,), 0.0 if page is None else 1.0)
            pages.append(page or "")
        families = (each for page in pages for each in text_string_to_metric_families(page))
        yield from merged([*families, up])


class _Families(Collector):
    """What is known already."""

    def __init__(self, families: Callable[[], Iterator[Metric]]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        yield from self._families()


async def _read_from(path: Path) -> str | None:
    """Return the page that a part tells, as `_told_at` does, on the running loop."""
    try:
        async with asyncio.timeout(_WITHIN_S):
            reader, writer = await asyncio.open_unix_connection(path)
            with closing(writer):
                return (await reader.read()).decode()
    except OSError:  # time-outs are such errors too
        return None


def _told_at(path: Path) -> str | None:
    """Return the page that a part tells; None = it tells none."""
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(_WITHIN_S)
            sock.connect(str(path))
            with sock.makefile("rb") as page:
                return page.read().decode()
    except OSError:
        return None
