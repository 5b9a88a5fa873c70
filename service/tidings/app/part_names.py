"""The names of the parts of `tidings serve`, and where they serve their metrics to each other."""

from __future__ import annotations

from pathlib import Path

SERVICE = "service"


def name_of_gateway(number: int, count: int) -> str:
    """Return what one of `count` gateways is called, the first of which has number 1."""
    return "gateway" if count == 1 else f"gateway-{number}"


def socket_of(part: str, service_socket: str) -> Path:
    """Return where a part tells its metrics: beside the unix socket that its service listens on."""
    return Path(service_socket).with_name("metrics.sock" if part == SERVICE else f"{part}.sock")
