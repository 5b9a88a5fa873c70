"""The examples, in every language: what they do, also when the server is killed under them."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.kit.server import Server, nomad_line
from tests.patience import PATIENCE_S
from tests.plain_environment import build_wheel, plain_environment

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LANGUAGES = ["cpp", "go", "java", "python", "python-asyncio", "ruby", "rust", "typescript"]
SYSTEMS = ["nomad", "consul", "docker_cloud", "puppet", "feldera", "cloud_event"]
PUBLISHED = 100

# Clients wait longer from try to try while the server is away: two minutes where it starts slowly.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

Command = Callable[[str], list[str]]


@pytest.fixture(scope="module")
def command(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Return how an example is run, which fails and never skips when it is not built."""
    stubs_alone: list[Path] = []

    def of(language: str) -> list[str]:
        if language.startswith("python"):
            if not stubs_alone:
                folder = tmp_path_factory.mktemp("stubs")
                stubs_alone.append(
                    plain_environment(build_wheel(root / "generated", folder), folder)
                )
            file = "example_async.py" if language == "python-asyncio" else "example.py"
            return [str(stubs_alone[0]), "-u", str(EXAMPLES / "python" / file)]
        folder = root / ".clients/examples" / language
        if not (folder / ".installed").exists():
            pytest.fail(f"not built: make .clients/examples/{language}/.installed")
        return [str(folder / "run")]

    return of


@contextlib.contextmanager
def running(command: Sequence[str], server: Server) -> Iterator[Iterator[str]]:
    """Lend the lines of an example that runs; it has ended well when they end."""
    with subprocess.Popen([*command, server.grpc], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield (line.rstrip("\n") for line in process.stdout)
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()


def records(system: str, seqs: Sequence[object]) -> list[str]:
    """Return the lines of a system's records, as the examples print them."""
    return [f"record {seq} {system}" for seq in seqs]


def fired(server: Server, name: str) -> list[str]:
    """Return the lines of the Consul events of this name: their LTime is their seq."""
    _, _, listed = server.request("GET", f"/v1/event/list?name={name}")
    return records("consul", [event["LTime"] for event in json.loads(listed)])


def test_every_example_is_tested_and_short() -> None:
    assert {path.parent.name for path in EXAMPLES.glob("*/README.md")} | {"python-asyncio"} == set(
        LANGUAGES
    )
    programs = [
        path
        for ending in ("cc", "go", "java", "py", "rb", "rs", "ts")
        for path in EXAMPLES.rglob(f"*.{ending}")
    ]
    assert len(programs) >= len(LANGUAGES)
    assert [path.name for path in programs if len(path.read_text().splitlines()) >= 150] == []
    for readme in EXAMPLES.glob("*/README.md"):
        (command,) = re.findall(r"^```sh\n(.*?)^```", readme.read_text(), re.MULTILINE | re.DOTALL)
        assert command.count("\n") == 1, f"{readme} has one command"


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_publishes_asks_and_follows_over_a_kill_without_loss_or_repeat(
    language: str, command: Command, server: Server
) -> None:
    with running(command(language), server) as lines:
        said = list(itertools.islice(lines, len(SYSTEMS) + 3))
        published = [line.split() for line in said[:-3]]
        assert [words[:2] for words in published] == [["published", name] for name in SYSTEMS]
        assert said[-3:] == ["fired deploy listed true", "job node_running", "healthy true"]
        numbers = range(1, PUBLISHED + 1)
        before = server.publish_nomad([nomad_line(n) for n in numbers])
        seen = list(itertools.islice(lines, len(SYSTEMS) + 1 + PUBLISHED // 2))
        server.kill_all()
        server.start()
        after = server.publish_nomad([nomad_line(n) for n in numbers])
        server.request("PUT", "/v1/event/fire/end")
        seen += lines
    assert seen == [
        *(line for words in published for line in records(words[1], words[2:])),
        *fired(server, "deploy"),
        *records("nomad", [answer["seq"] for answer in [*before, *after]]),
        *fired(server, "end"),
    ]
