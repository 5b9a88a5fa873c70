"""A real `tidings serve` with access control, and a credential of each kind."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import grpc

from tests.access.jwts import jwks, signed
from tests.kit.server import Server, nomad_line, serving
from tests.patience import PATIENCE_S
from tidings.access.secret import hash_of
from tidings.v1 import access_service_pb2 as pb
from tidings.v1.access_service_pb2_grpc import AccessServiceStub

OPS = "canary-of-ops"
POLICY_FILE = f"""
[[tokens]]
name = "ops"
hash = "{hash_of(OPS)}"
management = true

[[tokens]]
name = "expired"
hash = "{hash_of("canary-of-expired")}"
policies = ["client"]
expires_at = 2020-01-01T00:00:00Z

[jwt.login]
issuer = "https://login.test/"
audience = "tidings"
jwks = "keys.json"
grants.groups.clients.policies = ["client"]

[policies.client]
nomad.namespaces.default = ["read-job"]
consul.event_prefix."web-" = "write"
docker_cloud.namespaces = ["~"]
puppet.jobs = "read"
feldera.role = "read"

[policies.narrow]
consul.event_prefix."web-" = "read"

[policies.other]
publish = ["nomad"]
"""


@dataclass(frozen=True)
class Credential:
    """A token's name and its secret; without a secret there is no credential."""

    name: str
    secret: str


@dataclass(frozen=True)
class GuardedServer:
    """A server and its credentials, by what is right or wrong with them."""

    server: Server
    credentials: dict[str, Credential]

    def new_token(self, name: str, policy: str, ends_at_s: float | None = None) -> tuple[str, str]:
        """Make a token and return its id and its secret."""
        request = pb.CreateTokenRequest(name=name, policies=[policy])
        if ends_at_s is not None:
            request.expires_at.FromDatetime(datetime.fromtimestamp(ends_at_s, UTC))
        with self._access() as access:
            made = access.CreateToken(request, timeout=PATIENCE_S, metadata=bearer(OPS))
        return made.token.id, made.secret

    def revoke(self, token_id: str) -> None:
        request = pb.RevokeTokenRequest(id=token_id)
        with self._access() as access:
            access.RevokeToken(request, timeout=PATIENCE_S, metadata=bearer(OPS))

    def publish(self, system: str, body: bytes) -> None:
        """Publish one object of a system's own spelling."""
        headers = {"Authorization": f"Bearer {OPS}"}
        status, _, answer = self.server.request("POST", f"/v1/publish/{system}", body, headers)
        assert status == 200, answer

    def check_that_nothing_holds_a_secret(self) -> None:
        """Search all that the server has written: its logs, its database, its metrics."""
        _, _, metrics = self.server.request("GET", "/metrics")
        files = [self.server.log_path, *self.server.data.rglob("log.db*")]
        written = [metrics, *(file.read_bytes() for file in files)]
        for secret in (OPS, *(each.secret for each in self.credentials.values() if each.secret)):
            assert not any(secret.encode() in text for text in written)

    @contextlib.contextmanager
    def _access(self) -> Iterator[AccessServiceStub]:
        with grpc.insecure_channel(self.server.grpc) as channel:
            yield AccessServiceStub(channel)


def bearer(secret: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {secret}"),) if secret else ()


def jwt(key: str, header: dict[str, str] | None = None) -> str:
    """Return a JWT that is good for an hour, if its key is."""
    ends_at_s = int(time.time()) + 3600
    return signed(key, header, sub="right", groups=["clients"], exp=ends_at_s)


@contextlib.contextmanager
def guarding(folder: Path) -> Iterator[GuardedServer]:
    """Lend a server whose log holds an event of each system that is polled."""
    (folder / "policy.toml").write_text(POLICY_FILE)
    (folder / "keys.json").write_bytes(jwks("ec"))
    flags = [f"--access-policy={folder / 'policy.toml'}", "--log-level=debug"]
    with serving(folder / "data", *flags) as server:
        guarded = GuardedServer(server, {})
        _, right = guarded.new_token("right", "client")
        _, powerless = guarded.new_token("powerless", "other")
        revoked_id, revoked = guarded.new_token("revoked", "client")
        guarded.revoke(revoked_id)
        guarded.credentials.update(
            right=Credential("right", right),
            powerless=Credential("powerless", powerless),
            wrong=Credential("right", "no-such-secret"),
            missing=Credential("", ""),
            expired=Credential("expired", "canary-of-expired"),
            revoked=Credential("revoked", revoked),
            jwt=Credential("right", jwt("ec")),
            forged=Credential("right", jwt("ec-forged", {"kid": "ec"})),
        )
        guarded.publish("nomad", nomad_line(1))
        item = {"job": "352", "type": "node_running", "timestamp": "2016-05-05T19:50:08Z"}
        guarded.publish("puppet", json.dumps(item).encode())
        statuses = {f"{name}_status": "Healthy" for name in ("api", "compiler", "runner")}
        guarded.publish("feldera", json.dumps(statuses).encode())
        guarded.publish("consul", json.dumps({"Name": "web-0"}).encode())
        yield guarded
        guarded.check_that_nothing_holds_a_secret()
