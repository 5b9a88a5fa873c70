"""Rules of a policy, from TOML to rights. docs/access.md describes them."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from typing import Any

from tidings.access.rights import NOMAD_CAPABILITIES, Rights
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
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRequest(path, f"not TOML: {error}") from None
    return rights_of(table, path)


def rights_of(table: Mapping[str, Any], path: str) -> Rights:
    """Return what the rules of a parsed table give; `path` leads to it in errors.

    Raises:
        BadRequest: a rule does not exist, or has a value that it cannot have.
    """
    _only(table, {"publish", "nomad", "consul", "docker_cloud", *_READS}, path)
    nomad = _table(table, "nomad", path)
    consul = _table(table, "consul", path)
    docker_cloud = _table(table, "docker_cloud", path)
    _only(nomad, {"node", "namespaces"}, f"{path}.nomad")
    _only(consul, {"event", "event_prefix"}, f"{path}.consul")
    _only(docker_cloud, {"namespaces"}, f"{path}.docker_cloud")
    namespaces = _table(nomad, "namespaces", f"{path}.nomad")
    return Rights(
        nomad_namespaces=tuple(
            (name, _words(namespaces, name, f"{path}.nomad.namespaces", NOMAD_CAPABILITIES))
            for name in sorted(namespaces)
        ),
        nomad_node=_word(nomad, "node", f"{path}.nomad", ("read", "write")) is not None,
        consul_exact=_levels(consul, "event", f"{path}.consul"),
        consul_prefix=_levels(consul, "event_prefix", f"{path}.consul"),
        docker_cloud_namespaces=_words(docker_cloud, "namespaces", f"{path}.docker_cloud"),
        reads=frozenset(system for system in _READS if _reads(table, system, path)),
        publish=_words(table, "publish", path, _PUBLISHABLE),
    )


def _reads(table: Mapping[str, Any], system: str, path: str) -> bool:
    inside = _table(table, system, path)
    _only(inside, {_READS[system]}, f"{path}.{system}")
    return _word(inside, _READS[system], f"{path}.{system}", ("read",)) is not None


def _levels(table: Mapping[str, Any], key: str, path: str) -> tuple[tuple[str, str], ...]:
    inside = _table(table, key, path)
    found = [(name, _word(inside, name, f"{path}.{key}", _LEVELS)) for name in sorted(inside)]
    return tuple((name, level) for name, level in found if level is not None)


def _only(table: Mapping[str, Any], known: Collection[str], path: str) -> None:
    for key in table:
        if key not in known:
            raise BadRequest(f"{path}.{key}", f"no such rule; there are {', '.join(sorted(known))}")


def _table(table: Mapping[str, Any], key: str, path: str) -> Mapping[str, Any]:
    found = table.get(key, {})
    if not isinstance(found, dict):
        raise BadRequest(f"{path}.{key}", "must be a table")
    return found


def _word(table: Mapping[str, Any], key: str, path: str, known: Collection[str]) -> str | None:
    found = table.get(key)
    if found is None:
        return None
    if not isinstance(found, str) or found not in known:
        raise BadRequest(f"{path}.{key}", f"must be one of {', '.join(sorted(known))}")
    return found


def _words(
    table: Mapping[str, Any], key: str, path: str, known: Collection[str] | None = None
) -> frozenset[str]:
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise BadRequest(f"{path}.{key}", "must be a list of texts")
    for word in found:
        if known is not None and word not in known:
            raise BadRequest(f"{path}.{key}", f"{word!r} is none of {', '.join(sorted(known))}")
    return frozenset(found)
