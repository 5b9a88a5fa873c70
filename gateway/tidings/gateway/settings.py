"""The settings of a gateway: what the doors report of themselves, and limits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """The settings of one gateway. Durations are seconds (`_s`), sizes bytes (`_bytes`).

    Settings for operators have their defaults in the service's settings; the others have them here.
    """

    allow_origins: frozenset[str]
    """Origins other than the gateway's own whose pages may ask: "https://console.example"."""

    allow_hosts: frozenset[str]
    """Names other than this machine's own that are served without access control; "*" = any."""

    trusted_proxies: frozenset[str] = frozenset()
    """Addresses and networks of proxies that are trusted about a request's client."""

    nomad_heartbeat_s: float
    """Between heartbeats of Nomad's event stream; Nomad's own is fixed at 30."""

    nomad_region: str
    consul_node_name: str
    consul_datacenter: str

    docker_cloud_pause_s: float = 1.0
    """Before a refusal other than 401: its Python client reconnects at once, for ever."""

    socket_ping_s: float = 30.0
    """Between pings of a websocket; a client that is silent for twice that is dropped."""

    puppet_base_url: str
    """What links in answers begin with; "" = the request's own scheme and Host."""

    puppet_validation_kind: str
    """Kind of a 400: as documented; the Ruby client knows `puppetlabs.validators/…` better."""

    feldera_version: str
    """Version in /v0/config, which clients compare with their own."""

    head_bytes: int
    """Of a request's line and headers together."""

    head_s: float
    """From the first byte of a head (for a new connection: from its start) to its end."""

    body_bytes: int
    """Of a body that is read whole, and of one line of an upload."""

    silence_s: float
    """Longest silence inside a request's body; how long the whole takes does not matter.

    Also the longest time that an answer may be left unread.
    """

    held_bytes: int = 256 * 1024**2
    """Memory for request bodies and unread answers, in total; half of it for one caller."""

    max_connections: int
    keep_alive_s: float = 75.0
    """How long a connection may stay open between two requests."""

    grace_s: float
    """From the start of draining until requests that are still open are aborted."""

    tail_bytes: int = 32 * 1024**2
    """Newest lines kept for readers of live streams, shared by all streams of this process."""
