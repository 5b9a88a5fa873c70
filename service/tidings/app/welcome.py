"""The text for a terminal once `tidings serve` answers: its addresses, and commands to try."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from tidings.app.settings import Settings
from tidings.core.setting_kinds import Address

_DEFAULT_GRPC = Settings().upstream


def welcome(settings: Settings, http: Address, grpc: Address, tidings: str) -> str:
    """Return the lines for a terminal; `tidings` is how the command is typed there.

    With access control or TLS nothing can be tried without more than an address, so no commands are
    named then.
    """
    scheme = "https" if settings.http_tls_cert else "http"
    is_embedded = settings.store == "sqlite"
    lines = [
        "",
        "Tidings is ready.",
        f"  HTTP  {scheme}://{http}",
        f"  gRPC  {grpc}",
        f"  log   {settings.data.absolute() if is_embedded else settings.store}",
    ]
    if settings.access_policy or settings.http_tls_cert or settings.grpc_tls_cert:
        lines.append(f"{tidings} token --help, {tidings} tail --help: clients need credentials.")
    else:
        into = "" if str(grpc) == _DEFAULT_GRPC else f" --into {grpc}"
        at = "" if str(grpc) == _DEFAULT_GRPC else f" --upstream {grpc}"
        tries = {
            f"{tidings} demo{into}": "store a recorded hour of all five systems",
            f"curl -s {scheme}://{http}/v0/cluster/events": "what a client of Feldera sees of it",
            f"{tidings} tail --since 1h{at}": "everything in one order; Ctrl-C ends it",
        }
        width = max(map(len, tries))
        lines.append("Try, in another terminal:")
        lines += [f"  {command:<{width}}  {about}" for command, about in tries.items()]
    return "\n".join([*lines, "", ""])


def how_to_type() -> str:
    """Return how this very `tidings` is typed in a shell: by name where the PATH leads to it."""
    beside = Path(sys.executable).with_name("tidings")
    if not os.access(beside, os.X_OK):
        return f"{shlex.quote(sys.executable)} -m tidings"
    found = shutil.which("tidings")
    if found is not None and Path(found).resolve() == beside.resolve():
        return "tidings"
    return shlex.quote(str(beside))
