"""Servers that do the minimum: each publishes the messages on its stdin, length first.

`python -m benchmarks.lab.bare writer|grpc` prints "HOST:PORT" and ends with its stdin. `writer`
answers any request with stdin's first message and then writes the others to all, as they are;
`grpc` gives the bytes to every caller of any streaming method.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import cast

import grpc
import uvloop


class Writer(asyncio.Protocol):
    """A connection to which events are written after its first request."""

    answer = b""
    all: set[asyncio.Transport] = set()  # noqa: RUF012 - there is one server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass

    def data_received(self, data: bytes) -> None:
        """Answer, and add the transport to those that get events."""
        del data
        self.transport.write(self.answer)
        self.all.add(self.transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Remove the transport."""
        del error
        self.all.discard(self.transport)


class PassThrough(grpc.GenericRpcHandler):
    """One streaming method under every name."""

    def __init__(self) -> None:
        self.queues: set[asyncio.Queue[bytes]] = set()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        """Return the method."""
        if details.method == "/bench/Echo":
            return grpc.unary_unary_rpc_method_handler(self._echo)
        if details.method == "/bench/EchoStream":
            return grpc.stream_stream_rpc_method_handler(self._echo_all)
        return grpc.unary_stream_rpc_method_handler(self._stream)

    async def _echo(self, request: bytes, context: object) -> bytes:
        del context
        return request

    async def _echo_all(
        self, requests: AsyncIterator[bytes], context: object
    ) -> AsyncIterator[bytes]:
        del context
        async for request in requests:
            yield request

    async def _stream(self, request: bytes, context: object) -> AsyncIterator[bytes]:
        del request, context
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.queues.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self.queues.discard(queue)


async def _messages() -> AsyncIterator[bytes]:
    """Yield one message per iteration of the event loop, so that each is written by itself."""
    reader = asyncio.StreamReader(limit=2**20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    with suppress(asyncio.IncompleteReadError):
        while True:
            size = int.from_bytes(await reader.readexactly(4), "little")
            yield await reader.readexactly(size)
            await asyncio.sleep(0)


async def _writer() -> None:
    server = await asyncio.get_running_loop().create_server(Writer, "127.0.0.1", 0)
    print(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async for message in _messages():
        if not Writer.answer:
            Writer.answer = message
            continue
        for transport in Writer.all:
            transport.write(message)


async def _grpc() -> None:
    server = grpc.aio.server()
    handler = PassThrough()
    server.add_generic_rpc_handlers((handler,))
    print(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}", flush=True)
    await server.start()
    async for message in _messages():
        for queue in handler.queues:
            queue.put_nowait(message)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_grpc() if sys.argv[1] == "grpc" else _writer())
