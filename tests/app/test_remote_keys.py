"""Fetching keys from a real HTTP server: what is taken, and what is not."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tidings.access.jwks import MAX_JWKS_BYTES
from tidings.app.tls import remote_keys
from tidings.app.tls.remote_keys import fetch_jwks


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/keys")
            self.end_headers()
            return
        self.send_response(404 if self.path == "/none" else 200)
        self.end_headers()
        with contextlib.suppress(OSError):  # the client goes when it has enough
            self.wfile.write(b"x" * (MAX_JWKS_BYTES * 4) if self.path == "/large" else b"keys")
            while self.path == "/endless":
                self.wfile.write(b" ")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


def test_what_a_url_has_is_returned(site: str) -> None:
    assert fetch_jwks(f"{site}/keys") == b"keys"


def test_a_url_of_this_machine_is_asked_without_a_proxy(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert fetch_jwks(f"{site}/keys") == b"keys"


def test_no_more_is_read_than_a_key_set_may_have(site: str) -> None:
    assert len(fetch_jwks(f"{site}/large")) == MAX_JWKS_BYTES + 1


def test_a_site_that_never_ends_is_left(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_keys, "MAX_JWKS_BYTES", 2**40)
    monkeypatch.setattr(remote_keys, "FETCH_S", 0.2)
    with pytest.raises(TimeoutError):
        fetch_jwks(f"{site}/endless")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (lambda site: f"{site}/moved", "302"),
        (lambda site: f"{site}/none", "404"),
        (lambda _: "http://127.0.0.1:1/", "refused"),
        (lambda _: "http://127.0.0.1:x/", "nonnumeric port"),
    ],
)
def test_what_is_no_answer_is_an_error(site: str, url: Callable[[str], str], why: str) -> None:
    with pytest.raises(Exception, match=why):
        fetch_jwks(url(site))
