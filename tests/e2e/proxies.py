"""Real proxies in front of a server, by the files in deploy/proxies with other addresses."""

from __future__ import annotations

import contextlib
import copy
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.certificates import Pair
from tests.kit.replacing import replaced
from tests.kit.server import Server
from tests.nats.servers import free_port
from tests.patience import PATIENCE_S, until

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy/proxies"
TOOLS = ROOT / ".clients/deploy/bin"
CADDY = TOOLS / "caddy"

_NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
{text}
}}
"""


@dataclass(frozen=True)
class Ports:
    """Where a proxy listens: for HTTP and gRPC in clear, and for HTTP over TLS."""

    http: int
    grpc: int
    https: int


Change = tuple[str, str]
"""A text of the file, which is there once or for each listener, and what is in its place."""


@dataclass(frozen=True)
class Proxy:
    """How a proxy is run: its file, what is changed in it, and its command."""

    file: str
    changes: Callable[[Ports, Pair], Sequence[Change]]
    command: Callable[[Path], Sequence[str]]
    wrap: str = "{text}"
    upstream: str = "127.0.0.1:{port}"


def _nginx_changes(ports: Ports, pair: Pair) -> Sequence[Change]:
    return (
        ("listen 443 ssl;", f"listen 127.0.0.1:{ports.http}; listen 127.0.0.1:{ports.https} ssl;"),
        ("listen 8443 ssl http2;", f"listen 127.0.0.1:{ports.grpc} http2;"),
        ("/etc/nginx/tls/server.pem", str(pair.cert)),
        ("/etc/nginx/tls/server.key", str(pair.key)),
    )


def _haproxy_changes(ports: Ports, pair: Pair) -> Sequence[Change]:
    both = pair.cert.with_suffix(".both")
    both.write_bytes(pair.cert.read_bytes() + pair.key.read_bytes())
    tls = "ssl crt /etc/haproxy/server.pem alpn"
    return (
        (
            f"bind :443 {tls} http/1.1",
            f"bind 127.0.0.1:{ports.http}\n    bind 127.0.0.1:{ports.https} ssl crt {both}",
        ),
        (f"bind :8443 {tls} h2", f"bind 127.0.0.1:{ports.grpc} proto h2"),
    )


def _caddy_changes(ports: Ports, pair: Pair) -> Sequence[Change]:
    tls = "tls /etc/caddy/server.pem /etc/caddy/server.key"
    same = "\n\timport tidings\n}\n"
    sites = (
        f"http://127.0.0.1:{ports.http} {{{same}"
        f"https://127.0.0.1:{ports.https} {{\n\ttls {pair.cert} {pair.key}{same}"
        f"http://127.0.0.1:{ports.grpc} {{"
    )
    return (
        ("\tservers {\n", "\tadmin off\n\tservers {\n\t\tprotocols h1 h2 h2c\n"),
        (f"tidings.example:443 {{\n\t{tls}", "(tidings) {"),
        (f"tidings.example:8443 {{\n\t{tls}", sites),
    )


def _envoy_changes(ports: Ports, pair: Pair) -> Sequence[Change]:
    text = (DEPLOY / "envoy.yaml").read_text()
    listener = text[text.index("  - name: https\n") : text.index("  clusters:\n")]
    tls = listener[listener.index("    - transport_socket:") : listener.index("      filters:")]
    assert "DownstreamTlsContext" in tls
    plain = listener.replace(f"{tls}      filters:", "    - filters:")
    at, name = "0.0.0.0, port_value: 8443", "name: https"
    listeners = "".join(
        one.replace(at, f"127.0.0.1, port_value: {port}").replace(name, f"name: at-{port}")
        for one, port in ((plain, ports.http), (plain, ports.grpc), (listener, ports.https))
    )
    return (
        (listener, listeners),
        ("/etc/envoy/server.pem", str(pair.cert)),
        ("/etc/envoy/server.key", str(pair.key)),
    )


def envoy_program() -> Path:
    """Return Envoy itself.

    Raises:
        StopIteration: it is not installed.
    """
    return next((ROOT / ".clients/envoy").glob("lib/python*/site-packages/envoy/_bin/envoy"))


PROXIES: Mapping[str, Proxy] = {
    "nginx": Proxy(
        "nginx.conf", _nginx_changes, lambda config: ("nginx", "-c", str(config)), _NGINX
    ),
    "haproxy": Proxy(
        "haproxy.cfg", _haproxy_changes, lambda config: ("haproxy", "-f", str(config))
    ),
    "caddy": Proxy(
        "Caddyfile",
        _caddy_changes,
        lambda config: (str(CADDY), "run", "--config", str(config), "--adapter", "caddyfile"),
    ),
    "envoy": Proxy(
        "envoy.yaml",
        _envoy_changes,
        lambda config: (
            *(str(envoy_program()), "-c", str(config)),
            *("--concurrency", "1", "--disable-hot-restart", "-l", "warning"),
        ),
        upstream="127.0.0.1, port_value: {port}",
    ),
}


@contextlib.contextmanager
def behind(name: str, server: Server, folder: Path, pair: Pair) -> Iterator[tuple[Server, str]]:
    """Run a proxy before a server; lend the server as it is seen there, and where TLS is spoken."""
    proxy = PROXIES[name]
    ports = Ports(free_port(), free_port(), free_port())
    text = (DEPLOY / proxy.file).read_text()
    # before there are other ports in it: they may begin as these do
    text = replaced(
        text,
        {
            proxy.upstream.format(port=port): proxy.upstream.format(port=real.rpartition(":")[2])
            for port, real in ((4650, server.http), (4651, server.grpc))
        },
    )
    for written, real in proxy.changes(ports, pair):
        assert written in text, written
        text = text.replace(written, real)
    config = folder / proxy.file
    config.write_text(proxy.wrap.format(folder=folder, text=text))
    log = folder / "proxy.log"
    with (
        log.open("w") as written_to,
        subprocess.Popen(proxy.command(config), stdout=written_to, stderr=written_to) as running,
    ):
        try:
            until(lambda: _listens(ports.http, running, log), f"{name} listens")
            seen = copy.copy(server)
            seen.http, seen.grpc = f"127.0.0.1:{ports.http}", f"127.0.0.1:{ports.grpc}"
            until(lambda: seen.request("GET", "/healthz")[0] == 200, f"{name} has found the server")
            yield seen, f"127.0.0.1:{ports.https}"
        finally:
            running.terminate()
            running.wait(PATIENCE_S)


def _listens(port: int, running: subprocess.Popen[bytes], log: Path) -> bool:
    assert running.poll() is None, log.read_text()
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False
