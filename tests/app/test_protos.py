"""`tidings protos`: what it writes compiles by itself, and is what this version serves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from tidings.app import cli

BUF = Path(sys.executable).with_name("buf")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("protos") / "new" / "contract"
    assert cli.run(["protos", f"--out={folder}"]) == 0
    return folder


def contract_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.glob("tidings/v1/*.proto"))


def types_of(descriptor_set: Path) -> dict[str, bytes]:
    found = FileDescriptorSet.FromString(descriptor_set.read_bytes())
    return {file.name: file.SerializeToString(deterministic=True) for file in found.file}


def run(command: Sequence[str | Path], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_plain_protoc_needs_nothing_else(root: Path, out: Path, tmp_path: Path) -> None:
    assert contract_of(out) == contract_of(root / "protos")
    protoc = [sys.executable, "-m", "grpc_tools.protoc", "-I.", *contract_of(out)]
    made = tmp_path / "made.binpb"
    run([*protoc, "--include_imports", f"--descriptor_set_out={made}"], out)
    assert types_of(made) == types_of(out / "tidings.binpb")


def test_buf_needs_nothing_else(out: Path, tmp_path: Path) -> None:
    run([BUF, "build", "-o", tmp_path / "made.binpb"], out)
    assert types_of(out / "tidings.binpb").keys() <= types_of(tmp_path / "made.binpb").keys()


def test_descriptor_set_is_complete_error_details_included(out: Path) -> None:
    pool = DescriptorPool()
    for encoded in types_of(out / "tidings.binpb").values():
        pool.AddSerializedFile(encoded)
    methods = pool.FindServiceByName("tidings.v1.EventService").methods_by_name
    fields = pool.FindMessageTypeByName("google.rpc.ErrorInfo").fields_by_name
    assert ("Subscribe" in methods, "reason" in fields) == (True, True)


def test_what_an_older_version_wrote_goes_and_all_else_stays(tmp_path: Path) -> None:
    (tmp_path / "tidings/v1").mkdir(parents=True)
    old, own = tmp_path / "tidings/v1/gone.proto", tmp_path / "own.proto"
    for path in (old, own):
        path.write_text('syntax = "proto3";\n')
    assert cli.run(["protos", f"--out={tmp_path}"]) == 0
    assert (old.exists(), own.exists()) == (False, True)


def test_a_place_that_is_no_directory_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "file"
    place.write_text("")
    assert cli.run(["protos", f"--out={place}"]) == 1
    assert capsys.readouterr().err == f"tidings: {place}/tidings/v1: Not a directory\n"


def test_no_template_names_a_host(out: Path) -> None:
    templates = sorted(out.glob("buf.gen.*.yaml"))
    languages = {path.name.split(".")[2] for path in templates}
    assert languages == {"cpp", "csharp", "go", "java", "python", "ruby", "rust", "typescript"}
    for path in templates:
        plugins = [
            line.split() for line in path.read_text().splitlines() if line.startswith("  - ")
        ]
        assert {plugin[1] for plugin in plugins} <= {"directory:", "local:", "protoc_builtin:"}
