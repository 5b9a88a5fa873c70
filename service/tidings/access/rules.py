"""Rules of a policy, from TOML to rights. docs/access.md describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidings.access.rights import NOMAD_CAPABILITIES, Rights
from tidings.access.tables import only, parse_toml, table_of, word_of, words_of
from tidings.core.errors import BadRequest

MAX_RULES_BYTES = 32 * 1024
"""Of a policy's text; a small value of the store holds 64 KiB, and JSON may double a text."""

_PUBLISHABLE = ("nomad", "consul", "docker_cloud", "puppet", "feldera")
_LEVELS = ("read", "write", "deny")
_READS = {"puppet": "jobs", "feldera": "role", "tidings": "events"}


def parse_rules(text: str, path: str = "policy.rules") -> Rights:
    """Return what the rules give.

    Raises:
        BadRequest: the text is not TOML, is too long, or has a rule that does not exist.
    """
    if len(text.encode(errors="surrogatepass")) > MAX_RULES_BYTES:
        raise BadRequest(path, f"more than {MAX_RULES_BYTES} bytes")
    return rights_of(parse_toml(text, path), path)


def rights_of(table: Mapping[str, Any], path: str) -> Rights:
    """Return what the rules of a parsed table give; `path` leads to it in errors.

    Raises:
        BadRequest: a rule does not exist, or has a value that it cannot have.
    """
    only(table, {"publish", "nomad", "consul", "docker_cloud", *_READS}, path, "rule")
    nomad = table_of(table, "nomad", path)
    consul = table_of(table, "consul", path)
    docker_cloud = table_of(table, "docker_cloud", path)
    only(nomad, {"node", "namespaces"}, f"{path}.nomad", "rule")
    only(consul, {"event", "event_prefix"}, f"{path}.consul", "rule")
    only(docker_cloud, {"namespaces"}, f"{path}.docker_cloud", "rule")
    namespaces = table_of(nomad, "namespaces", f"{path}.nomad")
    return Rights(
        nomad_namespaces=tuple(
            (
                name,
                frozenset(
                    words_of(namespaces, name, f"{path}.nomad.namespaces", NOMAD_CAPABILITIES)
                ),
            )
            for name in sorted(namespaces)
        ),
        nomad_node=word_of(nomad, "node", f"{path}.nomad", ("read", "write")) is not None,
        consul_exact=_levels(consul, "event", f"{path}.consul"),
        consul_prefix=_levels(consul, "event_prefix", f"{path}.consul"),
        docker_cloud_namespaces=frozenset(
            words_of(docker_cloud, "namespaces", f"{path}.docker_cloud")
        ),
        reads=frozenset(system for system in _READS if _reads(table, system, path)),
        publish=frozenset(words_of(table, "publish", path, _PUBLISHABLE)),
    )


def _reads(table: Mapping[str, Any], system: str, path: str) -> bool:
    inside = table_of(table, system, path)
    only(inside, {_READS[system]}, f"{path}.{system}", "rule")
    return word_of(inside, _READS[system], f"{path}.{system}", ("read",)) is not None


def _levels(table: Mapping[str, Any], key: str, path: str) -> tuple[tuple[str, str], ...]:
    inside = table_of(table, key, path)
    found = [(name, word_of(inside, name, f"{path}.{key}", _LEVELS)) for name in sorted(inside)]
    return tuple((name, level) for name, level in found if level is not None)
