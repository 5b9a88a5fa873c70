"""What strangers at the gRPC port make the log grow by."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.e2e.halves import half
from tests.patience import PATIENCE_S
from tests.rpc.raw_http2 import NEWEST, RawClient, remembered


@pytest.mark.parametrize(("verbosity", "expected"), [(None, 0), ("ERROR", 10)])
def test_refused_metadata_leaves_no_line_of_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verbosity: str | None, expected: int
) -> None:
    monkeypatch.delenv("GRPC_VERBOSITY", raising=False)
    if verbosity is not None:
        monkeypatch.setenv("GRPC_VERBOSITY", verbosity)
    with half(tmp_path, "service", f"--data={tmp_path}", "--grpc=127.0.0.1:0") as service:
        host, port = service.address.split(":")
        with socket.create_connection((host, int(port)), PATIENCE_S) as connected:
            bad = RawClient(connected)
            bad.greet()
            for number in range(10):
                first = b"" if number else remembered("x", "")
                bad.call("List", None, extra=first + NEWEST * 1000)
                bad.until_reset()
    assert service.log_path.read_text().count("due to size limit") == expected
