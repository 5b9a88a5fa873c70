"""Every system of the contract. Made from protos/ by `make generate`; do not edit."""

from __future__ import annotations

SYSTEMS = ("nomad", "consul", "docker_cloud", "puppet", "feldera", "tidings", "cloud_event")
"""The names of `Event.body`, in the order of the contract. Importing them needs no protobuf."""
