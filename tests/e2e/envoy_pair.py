"""One service with access control, and the two before it: the gateway and Envoy."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import grpc

from tests.e2e.envoy import Reply, ask
from tests.e2e.envoy_requests import Ask
from tests.e2e.guarded import OPS, GuardedServer
from tests.patience import PATIENCE_S
from tidings.gateway.transcode.bind import bind_request
from tidings.gateway.transcode.call import AnswerStream, call_unary
from tidings.gateway.transcode.metadata import request_metadata
from tidings.gateway.transcode.render import (
    LINES_TYPE,
    render_error,
    render_message,
    render_response,
)
from tidings.gateway.transcode.routes import Found, routes_at, routes_of
from tidings.v1 import access_service_pb2, event_service_pb2

ROUTES = routes_of(
    service
    for file in (event_service_pb2, access_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
)
NATIVE = "/v1/events"


@dataclass(frozen=True)
class Pair:
    """One service, and the two before it."""

    guarded: GuardedServer
    envoy: str

    @property
    def gateway(self) -> str:
        return self.guarded.server.http

    def headers(self, asked: Ask) -> dict[str, str]:
        secret = OPS if asked.caller == "ops" else self.guarded.credentials[asked.caller].secret
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        if asked.header:
            name, _, value = asked.header.partition(": ")
            headers[name] = value
        return headers

    def both(self, asked: Ask) -> tuple[Reply, Reply]:
        """Ask ours, then Envoy."""
        headers = self.headers(asked)
        body = asked.body.encode()
        found = routes_at(ROUTES, asked.path.partition("?")[0].encode()).get(asked.method)
        # The other paths' doors speak their system's spelling; their routes are transcoded here.
        if found and str(found[0].template) != NATIVE:
            ours = asyncio.run(transcoded(self.guarded.server.grpc, found, asked, headers))
        else:
            ours = ask(self.gateway, asked.method, asked.path, body, headers)
        return ours, ask(self.envoy, asked.method, asked.path, body, headers)


async def transcoded(grpc_address: str, found: Found, asked: Ask, headers: dict[str, str]) -> Reply:
    """Answer by the gateway's own transcoder, with no door around it."""
    route, captured = found
    metadata = request_metadata([(n.lower().encode(), v.encode()) for n, v in headers.items()])
    query = asked.path.partition("?")[2].encode()
    async with grpc.aio.insecure_channel(grpc_address) as channel:
        try:
            message = bind_request(route, captured, query, asked.body.encode(), None)
            if route.rpc.server_streaming:
                open_stream = channel.unary_stream(
                    route.rpc_path,
                    request_serializer=route.request_class.SerializeToString,
                    response_deserializer=route.response_class.FromString,
                )
                stream = AnswerStream(open_stream(message, metadata=metadata))
                return Reply(200, LINES_TYPE, await until_heartbeat(stream))
            answer = await call_unary(
                route, channel, message, metadata=metadata, deadline_s=PATIENCE_S
            )
            reply = render_response(answer)
        except grpc.aio.AioRpcError as error:
            reply = render_error(error)
    return Reply(reply.status, dict(reply.headers)[b"content-type"].decode(), reply.body)


async def until_heartbeat(stream: AnswerStream) -> bytes:
    body = b""
    while b"heartbeat" not in body and (message := await stream.take()):
        body += render_message(message) + b"\n"
    stream.cancel()
    return body
