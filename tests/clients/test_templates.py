"""The templates for `buf generate` make stubs with the plugins that they name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import NpmClients
from tidings.app import cli

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

BUF = Path(sys.executable).with_name("buf")

MADE: Mapping[str, tuple[str, ...]] = {
    "cpp": (
        "cpp/tidings/v1/event_service.grpc.pb.h",
        "cpp/google/api/annotations.pb.h",
    ),
    "csharp": ("csharp/Tidings/V1/EventServiceGrpc.cs", "csharp/Tidings/V1/Event.cs"),
    "go": ("go/tidings/v1/event_service_grpc.pb.go", "go/tidings/v1/event.pb.go"),
    "java": ("java/io/tidings/v1/EventServiceGrpc.java", "java/io/tidings/v1/Event.java"),
    "python": ("python/tidings/v1/event_service_pb2_grpc.py", "python/tidings/v1/event_pb2.pyi"),
    "ruby": ("ruby/tidings/v1/event_service_services_pb.rb", "ruby/tidings/v1/event_pb.rb"),
    "rust": ("rust/tidings/v1/tidings.v1.tonic.rs", "rust/google/rpc/google.rpc.rs"),
    "typescript": (
        "typescript/tidings/v1/event_service_pb.ts",
        "ts-proto/tidings/v1/event_service.ts",
    ),
}
"""Some of the files that a template makes, by its name."""


RUST_MODULES = """
pub mod google {
    pub mod api { include!("google/api/google.api.rs"); }
    pub mod rpc { include!("google/rpc/google.rpc.rs"); }
}
pub mod tidings {
    pub mod v1 { include!("tidings/v1/tidings.v1.rs"); }
}
"""


def built(root: Path, name: str) -> Path:
    """Return a folder of .clients; fails, and never skips, when it is not built."""
    folder = root / ".clients" / name
    if not (folder / ".installed").exists():
        pytest.fail(f"not built: make .clients/{name}/.installed")
    return folder


@pytest.fixture(scope="module")
def go_plugins(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugins that the example in Go pins, which its own build makes anew each time."""
    folder = built(root, "examples/go")
    toolchain = root / "tests/clients/go/toolchain"
    python = sys.executable
    go = subprocess.run(
        [toolchain, folder / "go.mod", folder, python], capture_output=True, text=True, check=True
    ).stdout.strip()
    made = tmp_path_factory.mktemp("plugins")
    tools = ("google.golang.org/protobuf/cmd/protoc-gen-go",
             "google.golang.org/grpc/cmd/protoc-gen-go-grpc")  # fmt: skip
    subprocess.run([go, "build", "-o", f"{made}/", *tools], cwd=folder, check=True)
    return made


@pytest.fixture(scope="module")
def made(
    root: Path, go_plugins: Path, npm_clients: NpmClients, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Return what a template makes, by the template's name."""
    contract = tmp_path_factory.mktemp("contract")
    assert cli.run(["protos", f"--out={contract}"]) == 0
    folders = (go_plugins, npm_clients.modules / ".bin", built(root, "plugins") / "bin")
    path = os.pathsep.join([*map(str, folders), os.environ["PATH"]])

    def generate(template: str) -> Path:
        done = subprocess.run(
            [BUF, "generate", f"--template=buf.gen.{template}.yaml"],
            cwd=contract,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return contract / "gen"

    return generate


@pytest.mark.parametrize("template", MADE)
def test_a_template_makes_stubs(template: str, made: Callable[[str], Path]) -> None:
    folder = made(template)
    for name in MADE[template]:
        assert (folder / name).stat().st_size > 0


def test_every_template_is_among_them(root: Path) -> None:
    templates = (root / "protos/tidings").glob("buf.gen.*.yaml")
    assert {path.name.split(".")[2] for path in templates} == set(MADE)


def test_the_template_for_java_makes_what_the_build_of_the_example_compiles(
    root: Path, made: Callable[[str], Path]
) -> None:
    sources = built(root, "examples/java") / "target/generated-sources/protobuf"
    compiled = {path.name for path in sources.rglob("*.java")}
    assert {path.name for path in made("java").joinpath("java").rglob("*.java")} == compiled


def test_what_the_template_for_rust_makes_compiles(
    root: Path, made: Callable[[str], Path], tmp_path: Path
) -> None:
    example = built(root, "examples/rust")
    shutil.copytree(made("rust") / "rust", tmp_path / "src")
    (tmp_path / "src/lib.rs").write_text(RUST_MODULES)
    for name in ("Cargo.toml", "Cargo.lock"):
        shutil.copy(example / name, tmp_path / name)
    done = subprocess.run(
        ["cargo", "build", "-q", "--locked", "--offline"],
        cwd=tmp_path,
        env={**os.environ, "CARGO_TARGET_DIR": str(example / "target")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
