"""Every transcript, played against a real service with an empty log."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.doors.rig import gateway
from tests.gateway.doors.transcript import parse, play
from tests.rpc.serving import serving

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*/transcripts/*.txt"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.parent.name}-{file.stem}")
def test_transcript(file: Path, address: str) -> None:
    exchanges = parse(file.read_text())
    assert exchanges
    with serving(address) as served, gateway(served.server, address) as http:
        for exchange in exchanges:
            assert play(http, exchange) == exchange.expected, exchange.sent[0]
