"""Reads TOML documents; every error says where."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from typing import Any

from tidings.core.errors import BadRequest


def parse_toml(text: str, path: str) -> Mapping[str, Any]:
    """Return the table that a text is.

    Raises:
        BadRequest: it is none.
    """
    try:
        return tomllib.loads(text)
    except ValueError as error:  # also what is no number that Python reads
        raise BadRequest(path, f"not TOML: {error}") from None
    except RecursionError:
        raise BadRequest(path, "nested too deeply") from None


def only(table: Mapping[str, Any], known: Collection[str], path: str, what: str = "key") -> None:
    """Refuse keys that do not exist.

    Raises:
        BadRequest: there is one.
    """
    for key in table:
        if key not in known:
            raise BadRequest(join(path, key), f"no such {what}; there are {_listed(known)}")


def table_of(table: Mapping[str, Any], key: str, path: str) -> Mapping[str, Any]:
    """Return the table below a key; an empty one if there is none.

    Raises:
        BadRequest: it is no table.
    """
    return as_table(table.get(key, {}), join(path, key))


def as_table(found: object, path: str) -> Mapping[str, Any]:
    """Return what was found, which must be a table.

    Raises:
        BadRequest: it is none.
    """
    if not isinstance(found, dict):
        raise BadRequest(path, "must be a table")
    return found


def text_of(table: Mapping[str, Any], key: str, path: str, default: str | None = None) -> str:
    """Return the text of a key, which must not be empty; the default if there is none.

    Raises:
        BadRequest: it is no text, or is needed and not there.
    """
    found = table.get(key, default)
    if not isinstance(found, str) or not (found or found == default):
        raise BadRequest(join(path, key), "must be a text that is not empty")
    return found


def flag_of(table: Mapping[str, Any], key: str, path: str) -> bool:
    """Return the truth of a key, false if it is not there.

    Raises:
        BadRequest: it is neither true nor false.
    """
    found = table.get(key, False)
    if not isinstance(found, bool):
        raise BadRequest(join(path, key), "must be true or false")
    return found


def word_of(table: Mapping[str, Any], key: str, path: str, known: Collection[str]) -> str | None:
    """Return the word of a key, None if it is not there.

    Raises:
        BadRequest: it is none of those known.
    """
    found = table.get(key)
    if found is None:
        return None
    if not isinstance(found, str) or found not in known:
        raise BadRequest(join(path, key), f"must be one of {_listed(known)}")
    return found


def words_of(
    table: Mapping[str, Any], key: str, path: str, known: Collection[str] | None = None
) -> tuple[str, ...]:
    """Return the list of texts of a key, an empty one if it is not there.

    Raises:
        BadRequest: it is none, or has a word that is none of those known.
    """
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise BadRequest(join(path, key), "must be a list of texts")
    for place, word in enumerate(found):
        if known is not None and word not in known:
            raise BadRequest(f"{join(path, key)}[{place}]", f"is none of {_listed(known)}")
    return tuple(found)


def join(path: str, key: str) -> str:
    """Return the path of a key below a path."""
    return f"{path}.{key}" if path else key


def _listed(known: Collection[str]) -> str:
    return ", ".join(sorted(known))
