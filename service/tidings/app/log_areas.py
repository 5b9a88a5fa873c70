"""Areas of log lines, and levels of single areas as a setting: `access=warning,rpc=debug`."""

from __future__ import annotations

from tidings.core.setting_kinds import list_of

AREAS = (
    *(
        "access",
        "backup",
        "clock",
        "exposure",
        "files",
        "gateway",
        "index",
        "libraries",
        "log",
        "metrics",
    ),
    *("retention", "rpc", "service", "source", "sources", "supervisor", "tracing"),
)
"""Areas of log lines, each of which may have its own level."""

LEVELS = list_of(
    rf"({'|'.join(AREAS)})=(debug|info|warning|error)",
    "an area and a level such as access=warning",
)
