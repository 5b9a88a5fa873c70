"""What the documents tell people to type exists."""

import re
import tomllib
from pathlib import Path

import pytest

_FENCE = re.compile(r"^```(?:sh|console|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def pages(root: Path) -> dict[str, str]:
    paths = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    return {str(path.relative_to(root)): path.read_text() for path in paths}


def test_named_make_targets_exist(root: Path, pages: dict[str, str]) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (root / "Makefile").read_text(), re.MULTILINE))
    named = {
        (page, target)
        for page, text in pages.items()
        for code in [*_FENCE.findall(text), *re.findall(r"`([^`\n]+)`", text)]
        for target in re.findall(r"^(?:\$ )?make ([a-z][a-z-]*)", code, re.MULTILINE)
    }
    assert {(page, target) for page, target in named if target not in targets} == set()


def test_links_between_pages_lead_somewhere(root: Path, pages: dict[str, str]) -> None:
    broken = [
        (page, link)
        for page, text in pages.items()
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
        if not ((root / page).parent / link).exists()
    ]
    assert broken == []


def test_readme_is_the_readme_of_the_package(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["readme"] == "README.md"
    assert (root / "README.md").read_text().startswith(f"# {project['name'].title()}\n")
