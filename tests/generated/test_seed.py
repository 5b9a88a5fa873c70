"""The sample of Nomad's own documentation, as text, as messages, and printed again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tidings.v1 import json_runtime as rt
from tidings.v1 import nomad_json


@pytest.fixture
def event(root: Path) -> bytes:
    """The one event of the sample line, its exact text."""
    line = (root / "tests/data/nomad_node_event.json").read_bytes()
    events = rt.members(line)["Events"]
    text = events.removeprefix(b"[").removesuffix(b"]").strip()
    assert text in line
    return text


def instants(value: Any) -> Any:
    """Replace times by what they mean: the sample's have an offset of -04:00."""
    if isinstance(value, dict):
        return {name: instants(item) for name, item in value.items()}
    if isinstance(value, list):
        return [instants(item) for item in value]
    if isinstance(value, str) and value.startswith("2020-10-15T"):
        fraction = value.partition(".")[2].rstrip("Z").partition("-")[0]
        return (datetime.fromisoformat(value).timestamp() // 1, fraction)
    return value


def orders(value: Any) -> Any:
    """Return the names of a value's members, inside and out, in their order."""
    if isinstance(value, dict):
        return [(name, orders(item)) for name, item in value.items()]
    return [orders(item) for item in value] if isinstance(value, list) else None


def test_the_types_hold_all_of_the_payload(event: bytes) -> None:
    payload = rt.members(event)["Payload"]
    typed, is_complete = nomad_json.nomad_payload_from_text(payload)
    assert is_complete
    assert typed.node.node_resources.cpu.cpu_shares == 33600
    assert typed.node.attributes["unique.hostname"] == "x1c"
    assert typed.node.drivers["docker"].healthy
    assert [len(each.addresses) for each in typed.node.node_resources.node_networks] == [0, 2]
    update = typed.node.drivers["docker"].update_time
    assert (update.seconds % 60, update.nanos > 0) == (37, True)


def test_the_payload_printed_again_is_the_sample_but_for_time_offsets(event: bytes) -> None:
    sample = rt.loads(rt.members(event)["Payload"])
    typed, _ = nomad_json.nomad_payload_from_text(rt.members(event)["Payload"])
    shown = rt.loads(rt.dumps(nomad_json.nomad_payload_to_json(typed)))
    assert instants(shown) == instants(sample)
    assert shown != sample
    assert b"-04:00" not in rt.dumps(shown)


def test_members_of_the_payload_keep_the_order_of_the_sample(event: bytes) -> None:
    sample = rt.loads(rt.members(event)["Payload"])["Node"]
    typed, _ = nomad_json.nomad_payload_from_text(rt.members(event)["Payload"])
    shown = nomad_json.nomad_payload_to_json(typed)["Node"]
    assert orders(shown) == orders(sample)


def test_the_exact_payload_is_spliced_byte_for_byte(event: bytes) -> None:
    lost: list[str] = []
    message = nomad_json.nomad_event_from_text(event, lost)
    payload = rt.members(event)["Payload"]
    assert payload in event
    assert message.payload_json == payload
    assert not message.HasField("payload")
    assert lost == ["Index"]
    printed = rt.dumps(nomad_json.nomad_event_to_json(message))
    assert payload in printed
    sample = rt.loads(event)
    del sample["Index"]
    assert rt.loads(printed) == sample
    assert list(rt.loads(printed)) == list(sample)


def test_the_sample_names_no_secret(event: bytes) -> None:
    payload = rt.members(event)["Payload"]
    assert nomad_json.blank_nomad_payload_text(payload) is payload
