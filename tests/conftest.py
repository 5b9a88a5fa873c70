"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog
from hypothesis import HealthCheck, settings
from structlog.testing import LogCapture

from tests.nats.servers import NatsServer
from tests.nats.shared import end_shared_server, shared_server
from tests.patience import PATIENCE_S

# before anything imports them, from whatever room
pytest.register_assert_rewrite(
    "tests.store.contract",
    "tests.store.contract_feed",
    "tests.store.contract_keys",
    "tests.store.contract_state",
    "tests.store.places",
)

for _name in [name for name in os.environ if name.startswith(("TIDINGS_", "OTEL_"))]:
    del os.environ[_name]  # nobody's own settings may decide what a test sees

# no test depends on the speed of its machine
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# of make test-quick
settings.register_profile("quick", settings.get_profile("patient"), max_examples=20)
settings.load_profile("patient")

ROOT = Path(__file__).resolve().parent.parent


class NpmClients(NamedTuple):
    """The node to run and the folder that holds the installed packages."""

    node: Path
    modules: Path


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def patience_s() -> float:
    """Seconds after which a test calls something stuck; TIDINGS_TEST_TIME_FACTOR stretches it."""
    return PATIENCE_S


@pytest.fixture(autouse=True)
def logs_stay_as_they_were() -> Iterator[None]:
    """Fail a test that sets the log of this process for good, as only a whole process may.

    Every logger that is first used after it would keep that for ever, and no later test would
    see what is logged.
    """
    before = structlog.get_config()
    yield
    after = structlog.get_config()
    structlog.configure(**before)
    assert after == before


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """Everything that is logged from here on, in every thread, with what is bound to its call."""
    capture = LogCapture()
    before = structlog.get_config()["processors"]
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, capture])
    yield capture.entries
    structlog.configure(processors=before)


@pytest.fixture(scope="session")
def client_python() -> Callable[[str], Path]:
    """Return the interpreter of a client's own environment by the name of its list.

    The lists are tests/clients/NAME.txt.

    Fails, and never skips, when it is not installed.
    """

    def interpreter(name: str) -> Path:
        python = ROOT / ".clients" / name / "bin" / "python"
        installed = python.parent.parent / ".installed"
        if not installed.exists():
            pytest.fail(f"client {name!r} is not installed: make .clients/{name}/.installed")
        return python

    return interpreter


@pytest.fixture(scope="session")
def npm_clients() -> NpmClients:
    """Return node and the installed npm clients; fails, and never skips, without them."""
    folder = ROOT / ".clients" / "npm"
    if not (folder / ".installed").exists():
        pytest.fail("npm's clients are not installed: make .clients/npm/.installed")
    return NpmClients(node=folder / "node", modules=folder / "node_modules")


@pytest.fixture(scope="session")
def go_client() -> Callable[[str], Path]:
    """Return a program of tests/clients/go by name; fails, and never skips, if not built."""

    def program(name: str) -> Path:
        folder = ROOT / ".clients" / "go"
        if not (folder / ".installed").exists():
            pytest.fail("Go's clients are not built: make .clients/go/.installed")
        return folder / "bin" / name

    return program


@pytest.fixture(scope="session")
def envoy_program() -> Path:
    """Return Envoy itself; fails, and never skips, when it is not installed."""
    folder = ROOT / ".clients" / "envoy"
    if not (folder / ".installed").exists():
        pytest.fail("Envoy is not installed: make .clients/envoy/.installed")
    return next(folder.glob("lib/python*/site-packages/envoy/_bin/envoy"))


@pytest.fixture(scope="session")
def nats() -> NatsServer:
    """A NATS server that others use too."""
    return shared_server()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long: the last one is waited for by all other workers."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, "e2e" not in item.path.parts))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Have a report tell of half a character by its escape.

    pytest-xdist cannot send the half itself: it would end the whole run, and not say which failed.
    """
    report = yield
    report.sections = [(title, _with_whole_characters(text)) for title, text in report.sections]
    if report.failed and (told := str(report.longrepr)) != (whole := _with_whole_characters(told)):
        report.longrepr = whole
    return report


def _with_whole_characters(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def pytest_sessionfinish() -> None:
    """End what tests share."""
    end_shared_server()
