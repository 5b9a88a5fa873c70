"""Calls through a real channel: generic, with metadata, deadlines, errors and cancelling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from tests.gateway.transcode.shop import message_class, route_of, thing
from tests.kit.loop import scenario
from tidings.gateway.transcode.call import AnswerStream, call_unary
from tidings.gateway.transcode.status import DETAILS_KEY, status_object, status_of

Context = grpc.aio.ServicerContext[Any, Any]


class Shop:
    """A servicer without generated code. `ended` is set when a call of `hang` ends."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.started = asyncio.Event()
        self.seen: dict[str, Any] = {}

    async def get(self, request: Any, context: Context) -> Message:
        self.seen = dict(context.invocation_metadata() or ())
        self.seen["left_s"] = context.time_remaining()
        await self._perhaps_fail(request, context)
        if request.name == "hang":
            await self.hang()
        return thing(name=f"got {request.name}")

    async def watch(self, request: Any, context: Context) -> AsyncIterator[Message]:
        await self._perhaps_fail(request, context)
        await context.send_initial_metadata((("log-id", "x"),))
        if request.name == "hang":
            await self.hang()
        for number in range(3):
            yield thing(small=number)
        if request.name == "break":
            await context.abort(grpc.StatusCode.DATA_LOSS, "broke")

    async def hang(self) -> None:
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()

    async def _perhaps_fail(self, request: Any, context: Context) -> None:
        if request.name != "fail":
            return
        status = status_pb2.Status(code=5, message="no été")
        status.details.add().Pack(error_details_pb2.ErrorInfo(reason="GONE"))
        context.set_trailing_metadata(((DETAILS_KEY, status.SerializeToString()),))
        await context.abort(grpc.StatusCode.NOT_FOUND, "no été")


def handlers(shop: Shop) -> grpc.GenericRpcHandler:
    made = message_class("shop.Thing")
    codec: dict[str, Any] = {
        "request_deserializer": made.FromString,
        "response_serializer": lambda message: message.SerializeToString(),
    }
    return grpc.method_handlers_generic_handler(
        "shop.Shop",
        {
            "Get": grpc.unary_unary_rpc_method_handler(shop.get, **codec),
            "Watch": grpc.unary_stream_rpc_method_handler(shop.watch, **codec),
        },
    )


@asynccontextmanager
async def a_shop() -> AsyncIterator[tuple[Shop, grpc.aio.Channel]]:
    """Give a shop that is served, and a channel to it."""
    shop = Shop()
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((handlers(shop),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield shop, channel
    finally:
        await server.stop(None)


def open_stream(channel: grpc.aio.Channel, request: Message) -> AnswerStream:
    route = route_of("Watch")
    call = channel.unary_stream(
        route.rpc_path,
        request_serializer=route.request_class.SerializeToString,
        response_deserializer=route.response_class.FromString,
    )
    return AnswerStream(call(request))


async def rest_of(stream: AnswerStream) -> list[Any]:
    found = []
    while (message := await stream.take()) is not None:
        found.append(message)
    return found


@scenario
async def test_unary_call_has_metadata_and_a_deadline() -> None:
    async with a_shop() as (shop, channel):
        answer = await call_unary(
            route_of("Get"),
            channel,
            thing(name="a"),
            metadata=(("authorization", "Bearer x"), ("raw-bin", b"\xff")),
            deadline_s=7.0,
        )
        assert answer == thing(name="got a")
        assert shop.seen["authorization"] == "Bearer x"
        assert shop.seen["raw-bin"] == b"\xff"
        assert 0 < shop.seen["left_s"] <= 7.0


@scenario
async def test_failed_call_has_its_status_whole() -> None:
    async with a_shop() as (_, channel):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call_unary(route_of("Get"), channel, thing(name="fail"), deadline_s=None)
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "GONE"}
        assert status_object(status_of(caught.value)) == {
            "code": 5,
            "message": "no été",
            "details": [info],
        }


@scenario
async def test_deadline_ends_the_call_here_and_there() -> None:
    async with a_shop() as (shop, channel):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call_unary(route_of("Get"), channel, thing(name="hang"), deadline_s=0.2)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await shop.ended.wait()


@scenario
async def test_cancelling_a_unary_call_ends_it_there() -> None:
    async with a_shop() as (shop, channel):
        async with asyncio.TaskGroup() as group:
            call = group.create_task(
                call_unary(route_of("Get"), channel, thing(name="hang"), deadline_s=None)
            )
            await shop.started.wait()
            call.cancel()
        assert call.cancelled()
        await shop.ended.wait()


@scenario
async def test_nobody_there_is_unavailable() -> None:
    async with grpc.aio.insecure_channel("unix:/nonexistent/tidings.sock") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call_unary(route_of("Get"), channel, thing(), deadline_s=None)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await open_stream(channel, thing()).opened()
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


@scenario
async def test_stream_is_read_to_its_end() -> None:
    async with a_shop() as (_, channel):
        stream = open_stream(channel, thing(name="a"))
        assert ("log-id", "x") in await stream.opened()
        assert await rest_of(stream) == [thing(small=number) for number in range(3)]
        assert await stream.take() is None
        stream.cancel()


@scenario
async def test_error_before_the_first_message_comes_with_the_opening() -> None:
    async with a_shop() as (_, channel):
        # Often: status and header of such a call arrive together, in either order.
        for _attempt in range(50):
            stream = open_stream(channel, thing(name="fail"))
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stream.opened()
            assert caught.value.code() is grpc.StatusCode.NOT_FOUND
            assert len(status_of(caught.value).details) == 1


@scenario
async def test_error_in_the_middle_comes_after_the_messages() -> None:
    async with a_shop() as (_, channel):
        stream = open_stream(channel, thing(name="break"))
        await stream.opened()
        assert [await stream.take() for _ in range(3)] == [thing(small=n) for n in range(3)]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stream.take()
        assert caught.value.code() is grpc.StatusCode.DATA_LOSS


@pytest.mark.parametrize("by_task", [True, False])
@scenario
async def test_stream_that_is_left_ends_there(by_task: bool) -> None:  # noqa: FBT001 - a table
    async with a_shop() as (shop, channel):
        stream = open_stream(channel, thing(name="hang"))
        await stream.opened()
        await shop.started.wait()
        if by_task:
            waiting = asyncio.Event()

            async def take() -> None:
                waiting.set()
                await stream.take()

            async with asyncio.TaskGroup() as group:
                taking = group.create_task(take())
                await waiting.wait()
                taking.cancel()
            assert taking.cancelled()
        else:
            stream.cancel()
        await shop.ended.wait()
