"""The wheel of the stubs alone: all of them can be used, without the server and its libraries."""

import subprocess
from pathlib import Path

import pytest

from tests.plain_environment import build_wheel, names_of, plain_environment


@pytest.fixture(scope="module")
def plain(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("api")
    return plain_environment(build_wheel(root / "generated", folder), folder)


def test_only_grpc_and_protobuf_come_with_it(plain: Path) -> None:
    names = {name.replace("_", "-").lower() for name in names_of(plain)}
    wanted = {"googleapis-common-protos", "grpcio", "protobuf", "tidings-api", "typing-extensions"}
    assert names == wanted


def test_every_stub_can_be_imported(root: Path, plain: Path) -> None:
    stubs = sorted(path.stem for path in (root / "generated/tidings/v1").glob("*_pb2*.py"))
    assert "event_service_pb2_grpc" in stubs
    script = "".join(f"import tidings.v1.{stub}\n" for stub in stubs)
    subprocess.run([plain, "-I", "-c", script], check=True)


def test_it_holds_stubs_types_and_a_descriptor_set_alone(plain: Path) -> None:
    (folder,) = plain.parents[1].glob("lib/python*/site-packages/tidings")
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    endings = {path.name.partition("_pb2")[2] or path.name for path in files}
    grpc = {"_grpc.py", "_grpc.pyi"}
    assert endings == {".py", ".pyi", *grpc, "__init__.py", "py.typed", "tidings.binpb"}
