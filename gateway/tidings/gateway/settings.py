"""The settings of a gateway: what the doors report of themselves, and limits.

What operators set is a row, `setting(…)`, and nothing else names it: see `tidings.app.settings`.
"""

from __future__ import annotations

from dataclasses import dataclass

from tidings.core.setting_kinds import (
    DURATION,
    HOSTS,
    NETWORKS,
    ORIGINS,
    SIZE,
    TEXT,
    choice,
    count_from,
    setting,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """The settings of one gateway. Durations are seconds, sizes bytes."""

    nomad_heartbeat: float = setting(
        DURATION, 30.0, "time between heartbeats of the event stream", "nomad"
    )
    """Nomad's own is fixed at 30."""

    nomad_region: str = setting(TEXT, "global", "region that this server answers for", "nomad")
    consul_node_name: str = setting(TEXT, "tidings", "node name in /v1/agent/self", "consul")
    consul_datacenter: str = setting(
        TEXT, "dc1", "datacenter that this server answers for", "consul"
    )
    http_allow_origin: tuple[str, ...] = setting(
        ORIGINS,
        (),
        "other origins, comma-separated, whose pages may send requests: https://HOST[:PORT]",
        "http_allow",
    )
    http_allow_host: tuple[str, ...] = setting(
        HOSTS,
        (),
        "other names, comma-separated, that are served without access control; * = any",
        "http_allow",
    )
    http_trusted_proxies: tuple[str, ...] = setting(
        NETWORKS,
        (),
        "addresses and networks, comma-separated, of proxies whose X-Forwarded headers count",
        "http_trusted",
    )
    http_head_size: int = setting(
        SIZE, 64 * 1024, "largest request line and headers", "http_limits"
    )
    http_head_time: float = setting(
        DURATION, 10.0, "time for the request line and headers", "http_limits"
    )
    """From the first byte of a head (for a new connection: from its start) to its end."""

    http_body_size: int = setting(
        SIZE, 16 * 1024**2, "largest body of a request other than an endless upload", "http_limits"
    )
    """Also of one line of an endless upload."""

    http_silence: float = setting(
        DURATION, 60.0, "longest pause inside a request's body", "http_limits"
    )
    """How long the whole takes does not matter. Also the longest time that an answer may be left
    unread."""

    http_connections: int = setting(
        count_from(1), 10_000, "most concurrent connections of each gateway", "http_limits"
    )
    puppet_base_url: str = setting(
        TEXT,
        "",
        "what links in answers begin with; empty = the request's scheme and Host",
        "puppet",
    )
    puppet_validation_kind: str = setting(
        choice(
            "puppetlabs.orchestrator/validation-error", "puppetlabs.validators/validation-error"
        ),
        "puppetlabs.orchestrator/validation-error",
        "kind of a 400: the documented one, or the one that the Ruby client maps",
        "puppet",
    )
    feldera_version: str = setting(TEXT, "0.337.0", "version in /v0/config", "feldera")
    """Clients compare it with their own."""

    # Not for operators:

    docker_cloud_pause_s: float = 1.0
    """Before a refusal other than 401: its Python client reconnects at once, for ever."""

    socket_ping_s: float = 30.0
    """Between pings of a websocket; a client that is silent for twice that is dropped."""

    held_bytes: int = 256 * 1024**2
    """Memory for request bodies and unread answers, in total; half of it for one caller."""

    keep_alive_s: float = 75.0
    """How long a connection may stay open between two requests."""

    live_tail_bytes: int = 32 * 1024**2
    """Newest lines kept for readers of live streams, shared by all streams of this process."""
