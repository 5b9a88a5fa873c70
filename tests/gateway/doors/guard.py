"""A gateway over a service with access control, and a secret of each sort of token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from google.protobuf.timestamp_pb2 import Timestamp

from tests.kit.clock import START_US
from tests.kit.http import Http, gateway
from tests.rpc.credentials import ROOT_SECRET, guarded, revoke, token_of
from tests.rpc.serving import Served, serving

POLICIES = """
[policies.reader]
nomad.namespaces.default = ["read-job"]
nomad.node = "read"
consul.event_prefix."web-" = "read"
docker_cloud.namespaces = ["acme", "~"]
puppet.jobs = "read"
feldera.role = "read"
tidings.events = "read"
[policies.publisher]
publish = ["nomad"]
"""
SORTS = ("reader", "publisher", "revoked", "expired", "unknown", "root")
"""The keys of `Guard.secrets`; root has management, the others are named as they are called."""


@dataclass(frozen=True)
class Guard:
    """One gateway and its service."""

    served: Served
    http: Http
    secrets: dict[str, str]

    def new_token(self, *policies: str) -> tuple[str, str]:
        """Make a token and return its id and its secret."""
        return token_of(self.served.channel, "t", policies=policies)

    def revoke(self, token_id: str) -> None:
        revoke(self.served.channel, token_id)


@contextmanager
def guarding(address: str) -> Iterator[Guard]:
    with serving(address, guarded(POLICIES)) as served, gateway(served.server, address) as http:
        yield Guard(served, http, _secrets(served))


def _secrets(served: Served) -> dict[str, str]:
    ends = Timestamp(seconds=START_US // 1_000_000 + 60)
    channel = served.channel
    made = {
        "reader": token_of(channel, "reader", policies=["reader"]),
        "publisher": token_of(channel, "publisher", policies=["publisher"]),
        "revoked": token_of(channel, "revoked", policies=["reader"]),
        "expired": token_of(channel, "expired", policies=["reader"], expires_at=ends),
    }
    revoke(channel, made["revoked"][0])
    served.deployment.clock.at_us += 120 * 1_000_000
    secrets = {name: secret for name, (_, secret) in made.items()}
    return {**secrets, "unknown": "no-such-token", "root": ROOT_SECRET}
