"""The protoc plugin: writes <system>_json.py beside the messages of each system, and json_runtime.py.

protoc hands in a CodeGeneratorRequest on stdin and takes a CodeGeneratorResponse from stdout.
"""

from __future__ import annotations

import sys
from pathlib import Path

from emit import emit_module
from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from model import read_systems

PACKAGE_FOLDER = "tidings/v1"
RUNTIME = Path(__file__).with_name("json_runtime.py")


def generate(request: CodeGeneratorRequest) -> CodeGeneratorResponse:
    """Return every file that follows from the protos of the request."""
    response = CodeGeneratorResponse(
        supported_features=CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
    )
    response.file.add(
        name=f"{PACKAGE_FOLDER}/json_runtime.py",
        content=RUNTIME.read_text(encoding="utf-8"),
    )
    for system in read_systems(request.proto_file):
        response.file.add(name=f"{PACKAGE_FOLDER}/{system.name}_json.py", content=emit_module(system))
    return response


if __name__ == "__main__":
    wanted = CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    sys.stdout.buffer.write(generate(wanted).SerializeToString())
