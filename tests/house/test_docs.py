"""What the documents tell people to type exists."""

import pkgutil
import re
import tomllib
from pathlib import Path

import pytest

import tidings.gateway.doors
from tidings.app.settings import fields, flag_of, toml_place_of

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


def test_every_setting_is_documented_as_it_is(root: Path) -> None:
    page = (root / "docs/operating.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `--")]
    wanted = []
    for field in fields():
        table, key = toml_place_of(field)
        place = f"{table}.{key}" if table else key
        shown = field.metadata["kind"].show(field.default)
        default = f"`{shown}`" if shown else ""
        about = field.metadata["about"]
        wanted.append(" ".join(f"| `{flag_of(field)}` | `{place}` | {default} | {about} |".split()))
    assert rows == wanted


def test_every_door_has_its_page(root: Path) -> None:
    doors = {module.name for module in pkgutil.iter_modules(tidings.gateway.doors.__path__)}
    pages = {path.stem for path in (root / "docs/doors").glob("*.md")}
    assert pages == {name.replace("_", "-") for name in doors}


def test_readme_is_shorter_than_two_screens(root: Path) -> None:
    assert len((root / "README.md").read_text().splitlines()) <= 100
