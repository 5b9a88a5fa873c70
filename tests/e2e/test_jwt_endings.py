"""A live stream ends within 5 s when its JWT expires, or its key or issuer is taken away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.access.jwts import jwks, signed
from tests.kit.server import Server, serving
from tests.patience import PATIENCE_S
from tidings.v1 import event_service_pb2
from tidings.v1.event_service_pb2_grpc import EventServiceStub

WITHIN_S = 5.0
ISSUER = """
[jwt.login]
audience = "tidings"
jwks = "keys.json"
policies_claim = "policies"
"""
POLICIES = """
[policies.reader]
puppet.jobs = "read"
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "policy.toml").write_text(ISSUER + POLICIES)
    (tmp_path / "keys.json").write_bytes(jwks("ec", "ed"))
    flags = [f"--access-policy={tmp_path / 'policy.toml'}"]
    with serving(tmp_path / "data", *flags) as running:
        yield running


class Stream:
    """A stream that has begun."""

    def __init__(self, channel: grpc.Channel, kid: str, ends_at_s: float) -> None:
        credential = signed(kid, policies=["reader"], exp=ends_at_s)
        self._call: Any = EventServiceStub(channel).Subscribe(
            event_service_pb2.SubscribeRequest(position=event_service_pb2.START_POSITION_EARLIEST),
            timeout=PATIENCE_S,
            metadata=(("authorization", f"Bearer {credential}"),),
        )
        assert next(self._call).HasField("heartbeat")

    def why_it_ends(self) -> str:
        try:
            while True:
                next(self._call)
        except grpc.RpcError:
            return str(self._call.details())

    def is_open(self) -> bool:
        return bool(self._call.is_active())


def _wait(_: Path) -> None:
    """Change nothing: the time comes by itself."""


def _take_the_key(folder: Path) -> None:
    (folder / "keys.json").write_bytes(jwks("ed"))


def _take_the_issuer(folder: Path) -> None:
    (folder / "policy.toml").write_text(POLICIES)


@pytest.mark.parametrize(
    ("happens", "life_s", "why", "other_stays"),
    [
        (_wait, 2.0, "expired", True),
        (_take_the_key, 600.0, "invalid: its key", True),
        (_take_the_issuer, 600.0, "invalid: its issuer", False),
    ],
)
def test_its_streams_end(
    server: Server,
    tmp_path: Path,
    happens: Callable[[Path], None],
    life_s: float,
    why: str,
    *,
    other_stays: bool,
) -> None:
    begun_s = time.time()
    with grpc.insecure_channel(server.grpc) as channel:
        stream = Stream(channel, "ec", begun_s + life_s)
        other = Stream(channel, "ed", begun_s + 600.0)
        due_s = begun_s + life_s if happens is _wait else time.time()
        happens(tmp_path)
        assert stream.why_it_ends() == f"the credential is {why}"
        assert time.time() - due_s < WITHIN_S
        if other_stays:
            assert other.is_open()
        else:
            assert other.why_it_ends() == f"the credential is {why}"
