"""Backup and restore of a stream as NATS's own tools do them: `nats stream backup`, `restore`."""

from __future__ import annotations

import json
from typing import Any

import nats
from nats.aio.client import Client

from tests.nats.servers import NatsServer
from tests.patience import PATIENCE_S

Copy = tuple[dict[str, Any], dict[str, Any], list[bytes]]
"""Configuration, state and content of a stream at one moment."""


async def back_up(server: NatsServer, stream: str) -> Copy:
    client = await nats.connect(server.url)
    try:
        inbox = client.new_inbox()
        chunks = await client.subscribe(inbox)
        said = await _ask(client, f"STREAM.SNAPSHOT.{stream}", {"deliver_subject": inbox})
        content: list[bytes] = []
        while (message := await chunks.next_msg(PATIENCE_S)).data:
            content.append(message.data)
            if message.reply:  # the server waits for a word
                await message.respond(b"")
    finally:
        await client.close()
    return said["config"], said["state"], content


async def restore(server: NatsServer, stream: str, copy: Copy) -> None:
    """Put a copy in the place of the stream."""
    config, state, content = copy
    client = await nats.connect(server.url)
    try:
        await _ask(client, f"STREAM.DELETE.{stream}", {})
        request = {"config": config, "state": state}
        target = (await _ask(client, f"STREAM.RESTORE.{stream}", request))["deliver_subject"]
        for chunk in content:
            await client.request(target, chunk, timeout=PATIENCE_S)
        done = json.loads((await client.request(target, b"", timeout=PATIENCE_S)).data)
        assert "error" not in done, done
    finally:
        await client.close()


async def _ask(client: Client, what: str, request: dict[str, Any]) -> dict[str, Any]:
    answer = await client.request(f"$JS.API.{what}", json.dumps(request).encode(), PATIENCE_S)
    found: dict[str, Any] = json.loads(answer.data)
    assert "error" not in found, found
    return found
