"""The page at `/` and its files: who gets them, with which headers, and how large they are."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.http import Http, gateway
from tests.rpc.serving import serving
from tidings.gateway.console_page import read_files

BROWSER = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
BUDGET_BYTES = 150 * 1024

# Request, status, type.
ASKS = [
    (("GET", "/", BROWSER), 200, "text/html; charset=utf-8"),
    (("HEAD", "/", BROWSER), 200, "text/html; charset=utf-8"),
    (("POST", "/", BROWSER), 405, "application/json"),
    (("GET", "/"), 404, "application/json"),
    (("GET", "/", "Accept: */*"), 404, "application/json"),
    (("GET", "/", "Accept: application/json"), 404, "application/json"),
    (
        ("GET", "/", "Accept: application/json", "Accept: text/html"),
        200,
        "text/html; charset=utf-8",
    ),
    (("GET", "/", "Accept: text/html;q=0, application/json"), 404, "application/json"),
    (("GET", "/", "Accept: text/html5"), 404, "application/json"),
    (("POST", "/"), 404, "application/json"),
    (("GET", "/console/main.js"), 200, "text/javascript; charset=utf-8"),
    (("GET", "/console/lib/api.js"), 200, "text/javascript; charset=utf-8"),
    (("GET", "/console/style/base.css"), 200, "text/css; charset=utf-8"),
    (("GET", "/console/icon.svg"), 200, "image/svg+xml"),
    (("GET", "/console/vendor/LICENSES.txt"), 200, "text/plain; charset=utf-8"),
    (("POST", "/console/main.js"), 405, "application/json"),
    (("GET", "/console/"), 404, "application/json"),
    (("GET", "/console/none.js"), 404, "application/json"),
    (("GET", "/console/../vendoring/vendor.py"), 404, "application/json"),
    (("GET", "/console/%2e%2e/vendoring/package.json"), 404, "application/json"),
    (("GET", "/console//etc/passwd"), 404, "application/json"),
    (("GET", "/console"), 404, "application/json"),
]


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http]:
    address = f"unix:{tmp_path_factory.mktemp('console') / 'socket'}"
    with serving(address) as served, gateway(served.server, address) as running:
        yield running


@pytest.mark.parametrize(("ask", "status", "kind"), ASKS, ids=lambda value: str(value)[:60])
def test_answer(http: Http, ask: tuple[str, ...], status: int, kind: str) -> None:
    answer = http.ask(*ask)
    assert (answer.status, answer.headers["content-type"]) == (status, kind)


def test_who_wants_no_page_gets_what_any_unknown_path_gives(http: Http) -> None:
    assert http.ask("GET", "/").body == http.ask("GET", "/nothing").body


@pytest.mark.parametrize("target", ["/", "/console/main.js"])
def test_files_come_with_headers_that_confine_them(http: Http, target: str) -> None:
    headers = http.ask("GET", target, BROWSER).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["vary"] == "Accept, Accept-Encoding"


def test_what_a_browser_has_already_is_not_sent_again(http: Http) -> None:
    first = http.ask("GET", "/console/main.js")
    again = http.ask("GET", "/console/main.js", f"If-None-Match: {first.headers['etag']}")
    other = http.ask("GET", "/console/main.js", 'If-None-Match: "other"')
    assert (again.status, again.body) == (304, b"")
    assert "content-length" not in again.headers
    assert (other.status, other.body) == (200, first.body)


def test_files_are_packed_for_who_takes_it(http: Http) -> None:
    plain = http.ask("GET", "/console/main.js")
    packed = http.ask("GET", "/console/main.js", "Accept-Encoding: gzip, deflate, br")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    for refused in ("gzip;q=0", "br, gzip; q=0.0"):
        answer = http.ask("GET", "/console/main.js", f"Accept-Encoding: {refused}")
        assert answer.body == plain.body


def test_page_is_small() -> None:
    files = read_files()
    sizes = {name: len(file.packed) for name, file in files.items() if not name.endswith(b".txt")}
    assert sum(sizes.values()) <= BUDGET_BYTES, sizes


def test_modules_import_only_files_that_there_are(root: Path) -> None:
    folder = root / "gateway/console"
    missing = [
        (str(path.relative_to(folder)), name)
        for path in folder.rglob("*.js")
        for name in re.findall(
            r'^(?:import|export|\}) .*?from "(.+)";', path.read_text(), re.MULTILINE
        )
        if not (path.parent / name).is_file()
    ]
    assert missing == []


def test_page_asks_for_all_modules_at_once(root: Path) -> None:
    folder = root / "gateway/console"
    named = re.findall(r'href="/console/(.+\.js)"', (folder / "index.html").read_text())
    modules = {str(path.relative_to(folder)) for path in folder.rglob("*.js")}
    assert sorted(named) == sorted(modules - {"main.js"})


def test_every_file_is_used(root: Path) -> None:
    folder = root / "gateway/console"
    page = (folder / "index.html").read_text()
    texts = [path.read_text() for path in folder.rglob("*.js")]
    texts.append("\n".join(line for line in page.splitlines() if "modulepreload" not in line))
    unused = [
        path.name
        for path in folder.rglob("*")
        if path.is_file() and not any(f"/{path.name}" in text for text in texts)
    ]
    assert sorted(unused) == ["LICENSES.txt", "index.html"]


def test_files_of_ours_are_short(root: Path) -> None:
    folder = root / "gateway/console"
    ours = [path for path in folder.rglob("*") if path.is_file() and "vendor" not in path.parts]
    assert [path.name for path in ours if len(path.read_text().splitlines()) > 300] == []


def test_versions_are_those_of_the_decision(root: Path) -> None:
    pins = json.loads((root / "gateway/vendoring/package.json").read_text())["dependencies"]
    decision = (root / "docs/decisions/0017-the-console.md").read_text()
    assert [name for name in pins if f"| {name} |" not in decision] == []
