"""The minimum cost of a durable log in Python, in two processes or in one, without Tidings.

`python -m benchmarks.lab.pipeline core` takes bytes from a gRPC stream, commits each to SQLite with
a sync, as a durable log has to, and gives it to every gRPC subscriber; `relay ADDRESS` subscribes
once and writes what comes to all its connections; `alone` does both, without gRPC in between.
Nothing is checked, converted, selected, counted or logged, and readers cannot resume: the cost
above this is Tidings', the rest is that of Python, gRPC and the disk. Each prints "HOST:PORT",
`alone` that of its connections after that of gRPC, and ends with its stdin.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import sys
import tempfile
import threading
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path

import grpc
import uvloop

from benchmarks.lab.bare import Writer

PUBLISH, SUBSCRIBE = "/bench/Publish", "/bench/Subscribe"
ANSWER = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"

_Job = tuple[asyncio.Future[bytes], bytes]


class Core(grpc.GenericRpcHandler):
    """Commits, then notifies: subscribers first, then the publisher."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._subscribers: set[asyncio.Queue[bytes]] = set()
        threading.Thread(target=self._commit, daemon=True).start()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        """Return the method."""
        if details.method == PUBLISH:
            return grpc.stream_stream_rpc_method_handler(self._publish)
        return grpc.unary_stream_rpc_method_handler(self._subscribe)

    async def _publish(self, events: AsyncIterator[bytes], context: object) -> AsyncIterator[bytes]:
        del context
        async for event in events:
            stored: asyncio.Future[bytes] = self._loop.create_future()
            self._jobs.put((stored, event))
            yield await stored

    async def _subscribe(self, request: bytes, context: object) -> AsyncIterator[bytes]:
        del request, context
        mine: asyncio.Queue[bytes] = asyncio.Queue()
        self._subscribers.add(mine)
        while True:
            yield await mine.get()

    def _commit(self) -> None:
        table = sqlite3.connect(self._file, isolation_level=None)
        table.execute("PRAGMA journal_mode=WAL")
        table.execute("PRAGMA synchronous=FULL")
        table.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, body BLOB)")
        while True:
            stored, event = self._jobs.get()
            table.execute("BEGIN")
            table.execute("INSERT INTO records (body) VALUES (?)", (event,))
            table.execute("COMMIT")
            self._loop.call_soon_threadsafe(self._tell, stored, event)

    def _tell(self, stored: asyncio.Future[bytes], event: bytes) -> None:
        for subscriber in self._subscribers:
            subscriber.put_nowait(event)
        for transport in Writer.all:
            transport.write(event)
        stored.set_result(b"")


async def _core(*, alone: bool = False) -> None:
    with tempfile.TemporaryDirectory(prefix="tidings-bench-") as folder:
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((Core(Path(folder) / "log"),))
        address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        print(f"{address} {await _listen()}" if alone else address, flush=True)
        await server.start()
        await _end_of_stdin()


async def _relay(address: str) -> None:
    print(await _listen(), flush=True)
    async with grpc.aio.insecure_channel(address) as channel:
        subscribe: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(SUBSCRIBE)
        relaying = asyncio.ensure_future(_pass_on(subscribe(b"")))
        await _end_of_stdin()
        relaying.cancel()


async def _listen() -> str:
    """Serve connections from now on; return where."""
    Writer.answer = ANSWER
    server = await asyncio.get_running_loop().create_server(Writer, "127.0.0.1", 0)
    return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _pass_on(events: AsyncIterable[bytes]) -> None:
    async for event in events:
        for transport in Writer.all:
            transport.write(event)


async def _end_of_stdin() -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        match sys.argv[1:]:
            case ["core"]:
                runner.run(_core())
            case ["alone"]:
                runner.run(_core(alone=True))
            case ["relay", address]:
                runner.run(_relay(address))
            case other:
                sys.exit(f"core, alone or relay ADDRESS, not {other}")
