"""A TCP link whose slowness a test chooses."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Sequence

from tests.patience import PATIENCE_S

_CHUNK_BYTES = 64 * 1024


class SlowLink:
    """Passes bytes on to a port of this machine, a chunk at a time, each after `delay_s`.

    Lives on an event loop of its own; `delay_s` may be set from any thread, and `stall` called.
    """

    def __init__(self, port: int) -> None:
        self.delay_s = 0.0
        self.address = ""
        self._flows = asyncio.Event()
        self._flows.set()
        self._stalled: list[asyncio.Event] = []  # kept, or those who wait are garbage
        self._port = port
        self._listener: asyncio.Server

    async def open(self) -> None:
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._listener.sockets[0].getsockname()
        self.address = f"{host}:{port}"

    def close(self) -> None:
        self._listener.close()

    def stall(self) -> None:
        """Pass nothing on any more, and take nothing, on connections that are open; new ones do."""
        self._listener.get_loop().call_soon_threadsafe(self._stall)

    def _stall(self) -> None:
        self._flows.clear()
        self._stalled.append(self._flows)
        self._flows = asyncio.Event()
        self._flows.set()

    async def _serve(self, near: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        try:
            far, far_out = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            near_out.close()
            return
        flows = self._flows
        pumps = {
            asyncio.create_task(self._pump(near, far_out, flows)),
            asyncio.create_task(self._pump(far, near_out, flows)),
        }
        with contextlib.suppress(asyncio.CancelledError):  # or asyncio would tell of it
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        near_out.close()
        far_out.close()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, flows: asyncio.Event
    ) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK_BYTES):
                due = asyncio.Event()
                loop.call_later(self.delay_s, due.set)
                await due.wait()
                await flows.wait()
                sink.write(data)
                await sink.drain()


@contextlib.contextmanager
def slow_links(ports: Sequence[int]) -> Iterator[list[SlowLink]]:
    """Lend a link to each port; none of them is slow yet."""
    loop = asyncio.new_event_loop()
    running = threading.Thread(target=loop.run_forever)
    running.start()
    links = [SlowLink(port) for port in ports]
    try:
        for link in links:
            asyncio.run_coroutine_threadsafe(link.open(), loop).result(PATIENCE_S)
        yield links
    finally:
        asyncio.run_coroutine_threadsafe(_end(links), loop).result(PATIENCE_S)
        loop.call_soon_threadsafe(loop.stop)
        running.join(PATIENCE_S)
        loop.close()


async def _end(links: Sequence[SlowLink]) -> None:
    for link in links:
        link.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
