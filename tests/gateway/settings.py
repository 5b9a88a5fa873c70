"""Settings of a gateway under test: the program's defaults, but for what a test says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tidings.app.run_gateway import gateway_settings
from tidings.app.settings import Settings
from tidings.gateway.settings import GatewaySettings


def settings_with(**settings: Any) -> GatewaySettings:
    return replace(gateway_settings(Settings()), **settings)
