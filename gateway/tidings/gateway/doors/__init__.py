"""One door per system: its paths, parameters, JSON and errors."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import ModuleType

from tidings.gateway.upload.spelling import Spelling


def packages() -> list[ModuleType]:
    """Return the package of every door, by name; each has a class `Door`."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return [importlib.import_module(f"{__name__}.{name}") for name in names]


@cache
def spellings() -> Mapping[str, Spelling]:
    """Return the spelling of every system that is published over HTTP, by its name."""
    found = (getattr(package, "SPELLING", None) for package in packages())
    return {spelling.name: spelling for spelling in found if spelling is not None}
