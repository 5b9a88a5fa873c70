"""Keys that an issuer publishes at a URL: fetched by a real server, and kept while it is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import grpc

from tests.access.jwts import jwks, signed
from tests.kit.server import Server, serving
from tests.patience import PATIENCE_S
from tidings.v1 import access_service_pb2
from tidings.v1.access_service_pb2_grpc import AccessServiceStub


class _Keys(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(jwks("ec"))

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _site() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Keys) as site:
        answering = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
        answering.start()
        try:
            yield f"http://127.0.0.1:{site.server_port}/keys"
        finally:
            site.shutdown()
            answering.join()


def _who(server: Server, kid: str) -> str:
    """Return the id of a JWT's bearer, or why he is nobody."""
    credential = signed(kid, exp=time.time() + 600)
    with grpc.insecure_channel(server.grpc) as channel:
        answer = AccessServiceStub(channel).Authenticate(
            access_service_pb2.AuthenticateRequest(credential=credential),
            timeout=PATIENCE_S,
            wait_for_ready=True,
        )
    return answer.principal.id or answer.detail


def test_the_keys_of_a_url_count_and_outlast_it(tmp_path: Path) -> None:
    policies = tmp_path / "policy.toml"
    with ExitStack() as stack:
        with _site() as url:
            policies.write_text(f'[jwt.login]\naudience = "tidings"\njwks = "{url}"\n')
            server = stack.enter_context(serving(tmp_path / "data", f"--access-policy={policies}"))
            assert _who(server, "ec") == "u-1"
            assert _who(server, "ec-other") == "the credential is invalid: its key"
        assert _who(server, "ec") == "u-1"
        assert "not fetched" not in server.log_path.read_text()
        server.stop()
        server.start()  # and nobody is at the URL
        assert _who(server, "ec") == "the credential is invalid: its key"
        assert "keys of JWTs not fetched" in server.log_path.read_text()
