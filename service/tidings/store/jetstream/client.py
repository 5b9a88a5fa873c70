"""The client library's connection, made cheaper where a feed spends most of its time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping

from nats.aio.client import Client, Srv
from nats.aio.transport import TcpTransport


class Headers(Mapping[str, str]):
    """Header lines that are parsed on first access: for a feed's records, never."""

    __slots__ = ("_parsed", "_raw")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._parsed: dict[str, str] | None = None

    def __getitem__(self, name: str) -> str:
        return self._lines()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines())

    def __len__(self) -> int:
        return len(self._lines())

    def __bool__(self) -> bool:
        return bool(self._raw)

    def _lines(self) -> dict[str, str]:
        if self._parsed is None:
            lines = self._raw.decode("utf-8", "replace").split("\r\n")
            halves = (line.partition(":") for line in lines)
            self._parsed = {name.strip(): value.strip() for name, colon, value in halves if colon}
        return self._parsed


class AbruptTransport(TcpTransport):
    """A connection that is closed at once.

    The library's own first waits for the server to take all that was sent, for ever if that server
    is frozen; and neither reconnects nor closes until then.
    """

    def close(self) -> None:
        """Close the connection, and discard what was not sent."""
        if self._io_writer is not None:
            self._io_writer.transport.abort()

    async def wait_closed(self) -> None:
        """Yield to the event loop. An aborted connection needs no more.

        The library's own method waits for ever during a TLS handshake: it is not notified of the
        end.
        """
        await asyncio.sleep(0)

    def __bool__(self) -> bool:
        return True  # or the library puts one of its own in its place


class QuickClient(Client):
    """The library's client without its parsing of header lines, a third of a feed's time.

    Every record of a batch has some. It also closes connections that were refused, and waits for no
    server when it closes one. If the library renames its methods, everything still works, but
    slower.
    """

    _parse_header_lines = staticmethod(Headers)  # type: ignore[assignment]  # a mapping, as good

    async def _connect_to_server(self, s: Srv) -> None:
        if self._transport is None:
            self._transport = AbruptTransport()  # type: ignore[no-untyped-call]
        self._transport.close()  # type: ignore[no-untyped-call]  # or one that was refused stays
        await super()._connect_to_server(s)

    async def _close(self, status: int, do_cbs: bool = True) -> None:  # noqa: FBT001, FBT002 - theirs
        self._pending, self._pending_data_size = [], 0  # or it waits until a server accepts them
        if self._transport is not None:
            # The library regards a connection as closed when its close was cancelled.
            self._transport.close()  # type: ignore[no-untyped-call]
        await super()._close(status, do_cbs)


async def end_within(within_s: float, running: Coroutine[object, object, None]) -> None:
    """Run a call of the library's to its end.

    The library may ignore a cancellation, and `asyncio.timeout` would wait for it; so it is
    cancelled again until it ends.

    Raises:
        TimeoutError: it did not end in time.
    """
    task = asyncio.create_task(running)  # noqa: TID251 - awaited below
    try:
        await asyncio.wait([task], timeout=within_s)
        if not task.done():
            raise TimeoutError
        task.result()
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=0.1)
