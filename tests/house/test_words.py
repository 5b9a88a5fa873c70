"""Names that were replaced by standard terms are not used, and files that pages name exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOMS = ("service", "gateway/tidings", "protos", "docs", "tests", "examples", "deploy")
INSTEAD = {
    "convoy": "Stream",
    "courtesy": "PublisherPriority",
    "glance": "FieldScan",
    "intake": "DraftBuffer, PublishEndpoint",
    "keeper": "what it keeps",
    "loosewrite": "DetachedWrite",
    "outlet": "DirectWriter",
    "turnstile": "ConcurrencyLimit",
}
_OLD = re.compile(rf"(?<![a-z])({'|'.join(INSTEAD)})s?(?![a-z])", re.IGNORECASE)
_PATH = re.compile(
    r"`((?:benchmarks|demo|deploy|examples|gateway|generated|protos|service|tests)/[\w./-]+)`"
)


def texts(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the path and the text of everything that we write, but for past decisions."""
    for room in ROOMS:
        for path in sorted((root / room).rglob("*")):
            name = path.relative_to(root).as_posix()
            is_ours = not name.startswith(("docs/decisions/", "tests/house/", "tests/fixtures/"))
            if is_ours and path.suffix in {".md", ".proto", ".py", ".toml", ".yaml", ".yml"}:
                yield name, path.read_text("utf-8")


def test_replaced_names_are_not_used(root: Path) -> None:
    found = [
        f"{name}: {old}, now {INSTEAD[old.lower()]}"
        for name, text in texts(root)
        for old in _OLD.findall(text)
    ]
    assert found == []


def test_replaced_names_would_be_found() -> None:
    assert _OLD.findall("LooseWrite, `turnstiles`, _glance_at; outlets") == [
        *("LooseWrite", "turnstile", "glance", "outlet"),
    ]
    assert _OLD.findall("timekeeper, zookeeper2") == []


def test_every_file_that_a_page_names_is_there(root: Path) -> None:
    missing = [
        f"{name}: {path}"
        for name, text in texts(root)
        if name.endswith(".md")
        for path in _PATH.findall(text)
        if not (root / path).exists()
    ]
    assert missing == []
