"""How generated names are made."""

from __future__ import annotations

import re


def snake(name: str) -> str:
    """Return ACLTokenRoleLink as acl_token_role_link."""
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def shape_name(name: str) -> str:
    """Return the name of the class that decodes an object."""
    return f"_{name}Shape"


def fields_name(name: str) -> str:
    """Return the name of the function that turns an object's shape into its message's fields."""
    return f"_{snake(name)}_fields"


def reader_name(name: str) -> str:
    """Return the name of an object's reader."""
    return f"_read_{snake(name)}"
