"""Rules of a policy, from TOML to rights. docs/access.md describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidings.access.rights import Rights
from tidings.core.errors import BadRequest
from tidings.core.tables import join, only, parse_toml, table_of, words_of
from tidings.dialects import rights_by_system

_PATH = "policy.rules"
"""Of a policy's text in a request."""

MAX_RULES_BYTES = 32 * 1024
"""Of a policy's text; a small value of the store holds 64 KiB, and JSON may double a text."""


def parse_rules(text: str) -> Rights:
    """Return what the rules give.

    Raises:
        BadRequest: the text is not TOML, is too long, or has a rule that does not exist.
    """
    if len(text.encode(errors="surrogatepass")) > MAX_RULES_BYTES:
        raise BadRequest(_PATH, f"more than {MAX_RULES_BYTES} bytes")
    return rights_of(parse_toml(text, _PATH), _PATH)


def rights_of(table: Mapping[str, Any], path: str) -> Rights:
    """Return what the rules of a parsed table give; `path` is its place in errors.

    Raises:
        BadRequest: a rule does not exist, or has an invalid value.
    """
    kinds = rights_by_system()
    only(table, {"publish", *kinds}, path, "rule")
    given = (
        kind.parse(table_of(table, system, path), join(path, system))
        for system, kind in kinds.items()
    )
    return Rights(
        systems=tuple(each for each in given if each != type(each)()),
        publish=frozenset(words_of(table, "publish", path, kinds)),
    )
