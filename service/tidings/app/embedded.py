"""Commands that read or write a log's file themselves, and what to do where it has none."""

from __future__ import annotations

from tidings.app.settings import Settings

_EMBEDDED = "sqlite"
_INSTEAD = {
    "backup": "`nats stream backup` copies it",
    "restore": "`nats stream restore` makes it, and then `tidings renew` its identity",
}


def refuse_elsewhere(settings: Settings, command: str) -> str | None:
    """Return why a command has no file to work on, and what does the same there; None = it has."""
    if settings.store == _EMBEDDED:
        return None
    return (
        f"works on the file of an embedded log, --store {_EMBEDDED};"
        f" of one on NATS {_INSTEAD[command]}"
    )
