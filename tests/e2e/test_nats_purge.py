"""A stream that somebody purges ends the Tidings that serve it, with a line that says why."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from secrets import token_hex
from typing import Any

import nats as nats_client
import pytest

from tests.kit.server import Server, nomad_line
from tests.nats.servers import NatsServer
from tests.nats.shared import store_flags_of
from tests.patience import PATIENCE_S


async def purge(server: NatsServer, log: str, request: dict[str, Any]) -> None:
    client = await nats_client.connect(server.url)
    body = json.dumps(request).encode()
    answer = await client.request(f"$JS.API.STREAM.PURGE.{log}", body, timeout=PATIENCE_S)
    await client.close()
    assert json.loads(answer.data)["success"]


@pytest.mark.parametrize(
    ("below", "said"),
    [
        ("", "was purged up to 11"),
        ("r.nomad.>", "lacks position 2, which no Tidings deleted: somebody purged the stream"),
    ],
)
def test_serve_ends_with_status_1_and_says_what_is_missing(
    nats: NatsServer, tmp_path: Path, below: str, said: str
) -> None:
    log = f"log-{token_hex(6)}"
    server = Server(tmp_path / "data", store=store_flags_of([nats], log))
    try:
        server.start()
        server.publish_nomad([nomad_line(n) for n in range(1, 11)])
        request = {"filter": f"{log}.{below}", "keep": 3} if below else {}
        asyncio.run(purge(nats, log, request))
        assert server.process.wait(PATIENCE_S) == 1
        assert f"stream {log} {said}" in server.log_path.read_text()
        assert "tidings: service could not go on" in server.log_path.read_text()
        assert "Traceback" not in server.log_path.read_text()
    finally:
        server.end()
