"""`tidings token`: create, list and revoke tokens of a service with access control."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.access.secret import spellings
from tidings.app.client import client_channel, explain
from tidings.app.clock import SystemClock
from tidings.app.commands.paging import CALL_S, pages
from tidings.app.settings import BadSetting, Settings
from tidings.app.terminal import complain, say, visible
from tidings.core.setting_kinds import DURATION
from tidings.v1 import access_service_pb2, access_service_pb2_grpc


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Do it and return the exit status."""
    expires_s = None
    if arguments.action == "create" and arguments.expires is not None:
        try:
            expires_s = float(str(DURATION.parse(arguments.expires)))
        except ValueError as error:
            raise BadSetting(f"--expires: {error}") from None
    return asyncio.run(_call(settings, arguments, expires_s))


async def _call(settings: Settings, arguments: argparse.Namespace, expires_s: float | None) -> int:
    async with client_channel(settings) as channel:
        stub = access_service_pb2_grpc.AccessServiceStub(channel)
        try:
            if arguments.action == "create":
                await _create(stub, arguments, expires_s)
            elif arguments.action == "list":
                await _list(stub)
            else:
                request = access_service_pb2.RevokeTokenRequest(id=arguments.id)
                await stub.RevokeToken(request, timeout=CALL_S)
                say(f"revoked {visible(arguments.id)}")
        except grpc.aio.AioRpcError as error:
            complain("token", explain(error, settings.upstream))
            return 1
    return 0


async def _create(
    stub: access_service_pb2_grpc.AccessServiceAsyncStub,
    arguments: argparse.Namespace,
    expires_s: float | None,
) -> None:
    request = access_service_pb2.CreateTokenRequest(
        name=arguments.name,
        management=arguments.management,
        policies=arguments.policy,
        roles=arguments.role,
    )
    if expires_s is not None:
        ends_at_us = SystemClock().now_us() + int(expires_s * 1_000_000)
        request.expires_at.CopyFrom(
            Timestamp(seconds=ends_at_us // 1_000_000, nanos=ends_at_us % 1_000_000 * 1000)
        )
    made = await stub.CreateToken(request, timeout=CALL_S)
    say(f"id: {made.token.id}\nsecret, shown only now: {made.secret}")
    for place, spelling in spellings(made.token.name, made.secret).items():
        say(f"  {place}: {visible(spelling)}")


async def _list(stub: access_service_pb2_grpc.AccessServiceAsyncStub) -> None:
    async for page in pages(stub.ListTokens, access_service_pb2.ListTokensRequest()):
        for token in page.tokens:
            say("\t".join(map(visible, (token.id, token.name, _may(token), _state(token)))))


def _may(token: access_service_pb2.Token) -> str:
    if token.management:
        return "management"
    return ",".join([*token.policies, *(f"role:{name}" for name in token.roles)]) or "nothing"


def _state(token: access_service_pb2.Token) -> str:
    if token.HasField("revoked_at"):
        return f"revoked {_text(token.revoked_at)}"
    return f"until {_text(token.expires_at)}" if token.HasField("expires_at") else "valid"


def _text(time: Timestamp) -> str:
    return f"{dt.datetime.fromtimestamp(time.seconds, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
