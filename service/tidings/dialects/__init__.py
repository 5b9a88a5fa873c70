"""What each system means: its checks, selectors, projections and windows."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # they load protobuf, which help texts with the defaults do not need
    from tidings.dialects.dialect import Dialect
    from tidings.dialects.rights import SystemRights

__all__ = ["load", "rights_by_system"]


def load(settings: Mapping[str, Mapping[str, Any]] = MappingProxyType({})) -> dict[str, Dialect]:
    """Return every dialect by its system, made with the settings that are given for it.

    Each module of this folder that offers `make` is one; `settings` holds the keyword arguments of
    `make` by module name ("nomad", "consul", ...).
    """
    made = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        make = getattr(module, "make", None)
        if make is not None:
            dialect: Dialect = make(**settings.get(module_info.name, {}))
            made[dialect.system] = dialect
    return made


@cache
def rights_by_system() -> Mapping[str, type[SystemRights]]:
    """Return which rights each system has, in alphabetical order."""
    return {system: dialect.rights for system, dialect in sorted(load().items())}
