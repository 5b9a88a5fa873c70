"""Defaults of the dialects' settings, which the command line shows without loading a dialect."""

from __future__ import annotations

NOMAD_EVENT_BUFFER_SIZE = 100
"""Batches that index 0 replays. Source: the default of Nomad's `event_buffer_size`."""

CONSUL_PAYLOAD_BYTES = 32 * 1024
"""Largest payload of an event; Consul's own rule has 512 bytes for all of it."""
