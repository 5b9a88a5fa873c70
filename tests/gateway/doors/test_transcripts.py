"""Every transcript, played against a real service with an empty log."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.doors.transcript import Positions, parse, play
from tests.kit.http import gateway
from tests.nats.shared import ON_NATS
from tests.rpc.serving import serving

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*/transcripts/*.txt"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.parent.name}-{file.stem}")
def test_transcript(file: Path, address: str) -> None:
    exchanges = parse(file.read_text())
    assert exchanges
    positions: Positions = {}
    with serving(address) as served, gateway(served.server, address) as http:
        for exchange in exchanges:
            assert play(http, exchange, positions) == exchange.expected, exchange.sent[0]
    seqs = [int(positions[name]) for name in sorted(positions, key=int)]
    assert seqs == sorted(set(seqs))
    assert ON_NATS or all(name == seq for name, seq in positions.items())
