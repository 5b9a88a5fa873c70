"""What a gateway is told: what the doors say of themselves, and limits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """The settings of one gateway. Durations are seconds (`_s`), sizes bytes (`_bytes`)."""

    allow_origins: frozenset[str] = frozenset()
    """Origins other than the gateway's own whose pages may ask: "https://console.example"."""

    allow_hosts: frozenset[str] = frozenset()
    """Names other than this machine's own that are served without access control; "*" = any."""

    nomad_heartbeat_s: float = 30.0
    """Between heartbeats of Nomad's event stream; Nomad's own is fixed at 30."""

    nomad_region: str = "global"
    consul_node_name: str = "tidings"
    consul_datacenter: str = "dc1"

    docker_cloud_pause_s: float = 1.0
    """Before a refusal other than 401: its Python client comes again at once, for ever."""

    socket_ping_s: float = 30.0
    """Between pings of a websocket; who is silent for twice that is dropped."""

    puppet_base_url: str = ""
    """What links in answers begin with; "" = the request's own scheme and Host."""

    puppet_validation_kind: str = "puppetlabs.orchestrator/validation-error"
    """Kind of a 400: as documented; the Ruby client knows `puppetlabs.validators/…` better."""

    feldera_version: str = "0.337.0"
    """Version in /v0/config, which clients compare with their own."""

    head_bytes: int = 64 * 1024
    """Of a request's line and headers together."""

    head_s: float = 10.0
    """From the first byte of a head (for a new connection: from its start) to its end."""

    body_bytes: int = 16 * 1024**2
    """Of a body that is read whole, and of one line of an upload."""

    silence_s: float = 60.0
    """Longest silence inside a request's body; how long the whole takes does not matter.

    So long an answer may be left unread as well.
    """

    held_bytes: int = 256 * 1024**2
    """Of bodies on their way in and answers on their way out, all together; half for a caller."""

    max_connections: int = 10_000
    keep_alive_s: float = 75.0
    """How long a connection may stay open between two requests."""

    grace_s: float = 10.0
    """From the call to go down until requests that are still going on are cut off."""

    tail_bytes: int = 32 * 1024**2
    """Newest lines kept for readers of live streams, shared by all streams of this process."""
