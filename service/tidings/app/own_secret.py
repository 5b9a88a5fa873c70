"""The secret by which a service recognises its own processes, and those of its supervisor.

The supervisor makes one each time that it starts, or a service that has none, and hands it to
children in their environment, which processes of other users cannot read. It is not stored.
"""

from __future__ import annotations

import os

from tidings.app.notify import VARIABLES

VARIABLE = "_TIDINGS_OWN_SECRET"


def environment_with(own_secret: str) -> dict[str, str]:
    """Return ours for a child: without settings, which go by flags, and what systemd told us alone.

    "" = the child gets no secret.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TIDINGS_") and name not in (*VARIABLES, VARIABLE)
    }
    return inherited | ({VARIABLE: own_secret} if own_secret else {})


def take_own_secret() -> str:
    """Return the secret of the supervisor and forget it; "" = there is no supervisor."""
    return os.environ.pop(VARIABLE, "")
