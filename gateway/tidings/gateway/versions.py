"""The versions of the gateway and its libraries, for requests to a running one."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version


@cache
def versions() -> dict[str, str]:
    """Return the versions that a bug report needs."""
    return {
        "version": version("tidings"),
        "python": platform.python_version(),
        "grpc": version("grpcio"),
        "protobuf": version("protobuf"),
    }
