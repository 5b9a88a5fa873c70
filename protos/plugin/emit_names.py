"""How generated names are made."""

from __future__ import annotations

import re


def snake(name: str) -> str:
    """Return ACLTokenRoleLink as acl_token_role_link."""
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()
