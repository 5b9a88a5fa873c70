"""The small values beside the log, for packages that must not import the store."""

from __future__ import annotations

from tidings.store.base import StateStore

__all__ = ["StateStore"]
