"""Which sources must be connected, before any recorder says so: those of the configuration file."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tidings.app.settings import BadSetting
from tidings.app.source_settings import sources_of
from tidings.rpc.sources.registry import SourceRegistry


class RequiredSources:
    """Tells the registry which sources of a file are required; again with each `reload`."""

    def __init__(self, config_file: Path, registry: SourceRegistry) -> None:
        self._config_file = config_file
        self._registry = registry
        self.reload()

    def reload(self) -> None:
        """Read the file again. One that cannot be used changes nothing; the supervisor says so."""
        with suppress(BadSetting):
            found = sources_of(self._config_file)
            self._registry.required = frozenset(each.name for each in found if each.required)


async def open_sources(registry: SourceRegistry, config_file: str | None) -> RequiredSources | None:
    """Read what the log knows of its sources, and which of them the file requires, if there is one.

    Raises:
        StoreUnavailable: it cannot be read.
    """
    await registry.open()
    return RequiredSources(Path(config_file), registry) if config_file else None
