"""Commands, links and settings in the documents exist."""

import pkgutil
import re
import tomllib
from pathlib import Path

import pytest

import tidings.gateway.doors
from tests.house.test_words import texts
from tidings.app.settings import fields, flag_of, toml_place_of

_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_PAGE = re.compile(r"(?<![\w/])docs/[\w/-]+\.md")
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
        (page, link, anchor)
        for page, text in pages.items()
        for link, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", text)
        if not leads_somewhere((root / page).parent / link if link else root / page, anchor)
    ]
    assert broken == []


def leads_somewhere(target: Path, anchor: str) -> bool:
    return target.exists() and (not anchor or anchor in anchors(target.read_text()))


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.*)$", _CODE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_pages_that_files_name_are_there(root: Path) -> None:
    missing = [
        (name, page)
        for name, text in texts(root)
        for page in _PAGE.findall(text)
        if not (root / page).exists()
    ]
    assert missing == []


def test_operating_is_pages_that_are_short_and_in_the_index(root: Path) -> None:
    folder = root / "docs/operating"
    listed = re.findall(
        r"^\| \[.*?\]\(operating/(.*?)\)", (root / "docs/operating.md").read_text(), re.MULTILINE
    )
    assert sorted(listed) == sorted(path.name for path in folder.iterdir())
    assert [path.name for path in folder.iterdir() if len(path.read_text().split()) > 1500] == []


def test_readme_is_the_readme_of_the_package(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["readme"] == "README.md"
    assert (root / "README.md").read_text().startswith(f"# {project['name'].title()}\n")


def test_every_setting_is_documented_as_it_is(root: Path) -> None:
    page = (root / "docs/operating/settings.md").read_text()
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


def test_every_page_of_a_door_says_what_is_not_supported(root: Path) -> None:
    silent = [
        path.name
        for path in (root / "docs/doors").glob("*.md")
        if "\n## Not spoken\n" not in path.read_text()
    ]
    assert not silent


def test_readme_is_shorter_than_two_screens(root: Path) -> None:
    assert len((root / "README.md").read_text().splitlines()) <= 100
