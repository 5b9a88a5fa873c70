"""Below members that no proto has, an object's kind is known by its member's name (G7)."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.generated.test_secrets import CANARY, EVERY_SECRET, Place, blanked, secret_of
from tidings.v1 import json_runtime as rt
from tidings.v1 import nomad_json
from tidings.v1.nomad_pb2 import NomadPayload

TOKEN = {"Job": {"ID": "j", "VaultToken": CANARY, "ConsulToken": CANARY}}
BELOW_UNKNOWN: list[tuple[str, Any]] = [
    ("unknown member", {"Whatever": [TOKEN]}),
    ("unknown member of a kind without secrets", {"Deployment": {"ID": "d", **TOKEN}}),
    ("unknown member of another kind", {"Node": {"ID": "n", **TOKEN}}),
    ("text without a kind", {"Job": {"TaskGroups": [{"Tasks": [{"New": TOKEN}]}]}}),
    ("map of texts", {"Job": {"Meta": {"a": TOKEN}}}),
    ("a text's place", {"Job": {"Name": [TOKEN]}}),
    ("any case", {"x": {"jOB": {"vaultTOKEN": CANARY}}}),
    ("several", {"Jobs": [TOKEN["Job"]]}),
    ("several by name", {"x": {"Jobs": {"a": TOKEN["Job"]}}}),
    ("map of a kind", {"x": {"ReadAllocs": {"a": {"SignedIdentities": {"w": CANARY}}}}}),
    ("map in its own kind", {"Volume": {"ReadAllocs": {"a": {"WriteAllocs": {"b": TOKEN}}}}}),
    ("flags", {"x": {"Volumes": {"d": {"MountOptions": {"MountFlags": [CANARY]}}}}}),
    ("flags alone", {"x": {"MountOptions": {"MountFlags": [CANARY]}}}),
    ("named as its kind", {"x": {"NomadVolume": {"Secrets": {"a": CANARY}}}}),
    ("method", {"x": [[{"AuthMethod": {"Config": {"OIDCClientSecret": CANARY}}}]]}),
]


@pytest.mark.parametrize(
    "payload", [each for _, each in BELOW_UNKNOWN], ids=[name for name, _ in BELOW_UNKNOWN]
)
def test_an_object_is_known_by_its_members_name_where_no_proto_says_more(payload: Any) -> None:
    assert CANARY not in json.dumps(blanked(payload))


@pytest.mark.parametrize("seed", range(8))
@EVERY_SECRET
def test_random_unknown_members_around_hide_nothing(place: Place, seed: int) -> None:
    chance = random.Random(f"{place} {seed}")
    value = secret_of(place)
    for depth in reversed(range(len(place.members))):
        value = {place.members[depth]: value, "Beside": "stays"}
        if depth + 1 == len(place.members):  # the secret itself, in an object of its kind
            continue
        for _ in range(chance.randrange(4)):
            name = "".join(chance.choices("xyz\u00e4 _", k=chance.randrange(5)))
            value = [value, 1] if chance.random() < 0.4 else {name: value, "Beside": None}
    for _ in range(chance.randrange(6)):
        value = chance.choice([{"Whatever": value}, {"Deployment": value}, {"": [1, [value]]}])
    after = blanked(value if isinstance(value, dict) else {"x": value})
    assert CANARY not in json.dumps(after)
    assert json.dumps(after).count("stays") == len(place.members)


def test_text_in_typed_payloads_is_searched_too() -> None:
    payload = NomadPayload()
    group = payload.job.task_groups.add()
    group.tasks_json = json.dumps([{"New": TOKEN}]).encode()
    assert nomad_json.blank_nomad_payload(payload)
    assert CANARY.encode() not in payload.SerializeToString()
    payload.volume.read_allocs_json = json.dumps({"a": TOKEN, "b": [{"x": TOKEN}]}).encode()
    assert nomad_json.blank_nomad_payload(payload)
    assert CANARY.encode() not in payload.SerializeToString()


def test_names_of_secrets_outside_of_objects_of_a_kind_stay() -> None:
    text = b'{"x": {"VaultToken": "mine", "Job": "text", "Nodes": ["SecretID"]}, "SecretID": "top"}'
    assert nomad_json.blank_nomad_payload_text(text) is text


def test_deep_nesting_is_searched_once_and_to_the_end() -> None:
    depth = rt.MAX_DEPTH - 2
    text = '{"ReadAllocs":' * depth + json.dumps(TOKEN) + "}" * depth
    assert CANARY.encode() not in nomad_json.blank_nomad_payload_text(text.encode())
