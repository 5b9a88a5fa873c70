"""The protoc plugin: writes <system>_json.py for each system, systems.py and json_runtime/.

protoc hands in a CodeGeneratorRequest on stdin and takes a CodeGeneratorResponse from stdout.
"""

from __future__ import annotations

import sys
from pathlib import Path

from emit import emit_list, emit_module
from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from model import read_systems

PACKAGE_FOLDER = "tidings/v1"
RUNTIME = Path(__file__).with_name("json_runtime")


def generate(request: CodeGeneratorRequest) -> CodeGeneratorResponse:
    """Return every file that follows from the protos of the request."""
    features = CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
    response = CodeGeneratorResponse(supported_features=features)
    for source in sorted(RUNTIME.glob("*.py")):
        name = f"{PACKAGE_FOLDER}/json_runtime/{source.name}"
        response.file.add(name=name, content=source.read_text(encoding="utf-8"))
    try:
        systems = list(read_systems(request.proto_file))
        for system in systems:
            if system.objects:
                name = f"{PACKAGE_FOLDER}/{system.name}_json.py"
                response.file.add(name=name, content=emit_module(system))
        response.file.add(name=f"{PACKAGE_FOLDER}/systems.py", content=emit_list(systems))
    except ValueError as error:  # protoc prints it and fails
        return CodeGeneratorResponse(error=str(error))
    return response


if __name__ == "__main__":
    wanted = CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    sys.stdout.buffer.write(generate(wanted).SerializeToString())
