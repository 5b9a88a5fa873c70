"""Whatever a proto calls a secret is blanked, typed or as text, however it is spelled (G7)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tests.calls import c_calls
from tests.generated.vendors import bodies, is_map, says, value_of
from tidings.v1 import json_options_pb2 as options
from tidings.v1 import json_runtime as rt
from tidings.v1 import nomad_json
from tidings.v1.nomad_pb2 import NomadPayload

CANARY = "canary-5f1c9a"


class Place(NamedTuple):
    """The way to a secret by members and by fields, what it is, and whether it goes altogether."""

    members: tuple[str, ...]
    fields: tuple[FieldDescriptor, ...]
    is_map: bool
    is_dropped: bool

    def __str__(self) -> str:
        return ".".join(self.members)


def secrets(
    message: Descriptor, members: tuple[str, ...] = (), fields: tuple[FieldDescriptor, ...] = ()
) -> Iterator[Place]:
    for field in message.fields:
        way = (*members, field.json_name), (*fields, field)
        inner = value_of(field).message_type
        if held := says(field, options.holds):
            inner = message.file.pool.FindMessageTypeByName(f"{message.file.package}.{held}")
        if says(field, options.secret):
            dropped = is_map(field) and says(field, options.omit_empty)
            yield Place(*way, is_map(field), dropped)
        elif inner is not None:
            yield from secrets(inner, *way)


SECRETS = list(secrets(NomadPayload.DESCRIPTOR))
EVERY_SECRET = pytest.mark.parametrize("place", SECRETS, ids=str)


def nested(members: tuple[str, ...], value: Any) -> Any:
    for name in reversed(members):
        value = {name: value, "Beside": "stays"}
    return value


def blanked(value: Any) -> Any:
    """Blank the text of a payload and return what it says afterwards."""
    return json.loads(nomad_json.blank_nomad_payload_text(json.dumps(value).encode()))


def secret_of(place: Place) -> Any:
    if place.is_map:
        return {"a": CANARY, "b": CANARY}
    return [CANARY, CANARY] if place.fields[-1].is_repeated else CANARY


def test_these_are_the_secrets_of_nomad() -> None:
    own = [str(place) for place in SECRETS if "Allocs" not in place.members[1]]
    assert [name for name in own if ".Allocations." not in name] == [
        "Node.SecretID",
        "Job.TaskGroups.Volumes.MountOptions.MountFlags",
        "Job.ConsulToken",
        "Job.VaultToken",
        "Allocation.SignedIdentities",
        "Allocation.Job.TaskGroups.Volumes.MountOptions.MountFlags",
        "Allocation.Job.ConsulToken",
        "Allocation.Job.VaultToken",
        "Evaluation.LeaderACL",
        "ACLToken.SecretID",
        "AuthMethod.Config.OIDCClientSecret",
        "AuthMethod.Config.OIDCClientAssertion.PrivateKey.PemKey",
        "AuthMethod.Config.OIDCClientAssertion.ClientSecret",
        "Volume.MountOptions.MountFlags",
        "Volume.Secrets",
    ]
    inside = {"SignedIdentities", "ConsulToken", "VaultToken", "MountFlags"}
    for way in ("Volume.ReadAllocs", "Volume.WriteAllocs", "Volume.Allocations"):
        names = [str(place) for place in SECRETS if str(place).startswith(f"{way}.")]
        assert {name.rpartition(".")[2] for name in names} == inside
    dropped = {place.members[-1] for place in SECRETS if place.is_dropped}
    assert dropped == {"SignedIdentities"}


def test_no_other_system_has_secrets_that_no_function_blanks() -> None:
    others = [body for body in bodies() if body.name != "NomadEvent"]
    assert len(others) == len(bodies()) - 1
    assert [place for body in others for place in secrets(body)] == []


def put(message: Any, place: Place, value: Any) -> None:
    """Set the secret of a typed message, in text where the way leads through text; None = none."""
    for depth, field in enumerate(place.fields):
        if says(field, options.raw_json):
            inside = nested(place.members[depth + 1 :], value)
            if value is None:
                *way, last = place.members[depth + 1 :]
                inside = nested(tuple(way), {"Beside": "stays"}) if way else {"Beside": "stays"}
            setattr(message, field.name, json.dumps(inside, separators=(",", ":")).encode())
            return
        if depth + 1 == len(place.fields):
            break
        message = getattr(message, field.name)
        if field.is_repeated:
            message = message.add()
        else:
            message.SetInParent()
    if value is None:
        return
    if place.is_map:
        getattr(message, field.name).update(value)
    elif field.is_repeated:
        getattr(message, field.name).extend(value)
    else:
        setattr(message, field.name, value)


def kept_of(place: Place) -> Any:
    """Return what stands in the secret's place afterwards; None = nothing does."""
    if place.is_dropped:
        return None
    if place.is_map:
        return {"a": "", "b": ""}
    return [] if place.fields[-1].is_repeated else ""


@EVERY_SECRET
def test_a_typed_secret_is_blanked(place: Place) -> None:
    message, wanted = NomadPayload(), NomadPayload()
    put(message, place, secret_of(place))
    put(wanted, place, kept_of(place))
    assert CANARY.encode() in message.SerializeToString()
    assert nomad_json.blank_nomad_payload(message)
    assert message == wanted
    assert not nomad_json.blank_nomad_payload(message)


def test_blanking_makes_nothing_that_was_not_there() -> None:
    message = NomadPayload()
    nomad_json.blank_nomad_payload(message)
    assert message == NomadPayload()


@EVERY_SECRET
def test_a_secret_in_text_is_blanked_and_all_else_stays(place: Place) -> None:
    after = blanked(nested(place.members, secret_of(place)))
    wanted = nested(place.members, kept_of(place))
    if place.is_dropped:
        inner = wanted
        for name in place.members[:-1]:
            inner = inner[name]
        del inner[place.members[-1]]
    assert after == wanted


def upper(name: str) -> str:
    return name.upper()


def lower(name: str) -> str:
    return name.lower()


def long_s(name: str) -> str:
    return name.replace("S", "\u017f").replace("s", "\u017f")


def kelvin(name: str) -> str:
    return name.replace("K", "\u212a").replace("k", "\u212a")


# Go's decoder takes names in any case, and calls these two signs an s and a k.
SPELLINGS = [upper, lower, long_s, kelvin]


@EVERY_SECRET
@pytest.mark.parametrize("spell", SPELLINGS, ids=lambda spell: spell.__name__)
def test_the_case_of_names_hides_nothing(place: Place, spell: Callable[[str], str]) -> None:
    for members in (
        (*place.members[:-1], spell(place.members[-1])),
        tuple(spell(name) for name in place.members),
    ):
        text = json.dumps(nested(members, secret_of(place)), ensure_ascii=False).encode()
        assert CANARY.encode() not in nomad_json.blank_nomad_payload_text(text)


@EVERY_SECRET
def test_escapes_in_names_hide_nothing(place: Place) -> None:
    text = json.dumps(nested(place.members, secret_of(place)))
    for escape in ("\\u%04x", "\\u%04X"):
        for position in (0, -1):
            hidden = text
            for name in place.members:
                letters = list(name)
                letters[position] = escape % ord(letters[position])
                hidden = hidden.replace(f'"{name}"', f'"{"".join(letters)}"')
            after = nomad_json.blank_nomad_payload_text(hidden.encode())
            assert json.loads(hidden) == json.loads(text)
            assert CANARY.encode() not in after


@EVERY_SECRET
def test_repeated_names_hide_nothing(place: Place) -> None:
    once = json.dumps(nested(place.members, secret_of(place)))
    for depth, name in enumerate(place.members):
        inside = json.dumps(nested(place.members[depth + 1 :], secret_of(place)))
        empty = json.dumps({} if depth < len(place.members) - 1 or place.is_map else "")
        for twice in (
            f'"{name}": {inside}, "{name}": {empty}',
            f'"{name}": {empty}, "{name}": {inside}',
            f'"{name}": {inside}, "{name}": {inside}',
            f'"{name}": {inside}, "{name}": null',
        ):
            text = once.replace(f'"{name}": {inside}', twice).encode()
            assert text != once.encode()
            assert CANARY.encode() not in nomad_json.blank_nomad_payload_text(text)


SHAPES: list[tuple[str, Any]] = [
    ("list", [CANARY]),
    ("object", {"x": CANARY}),
    ("deep", {"x": {"y": [CANARY, {"z": CANARY}]}}),
    ("lists", [[CANARY], {"x": CANARY}]),
    ("text", CANARY),
]


@EVERY_SECRET
@pytest.mark.parametrize(("shape", "value"), SHAPES, ids=[shape for shape, _ in SHAPES])
def test_a_secret_of_any_shape_is_blanked(place: Place, shape: str, value: Any) -> None:
    assert CANARY not in json.dumps(blanked(nested(place.members, value)))


@EVERY_SECRET
@pytest.mark.parametrize("value", [1234567, 0.25, True])
def test_a_secret_that_is_no_text_is_blanked(place: Place, value: object) -> None:
    after = json.dumps(blanked(nested(place.members, {"a": value} if place.is_map else value)))
    assert json.dumps(value) not in after


@EVERY_SECRET
def test_a_list_around_hides_nothing(place: Place) -> None:
    for depth in range(1, len(place.members)):
        inside = nested(place.members[depth:], secret_of(place))
        around = nested(place.members[:depth], [{"x": 1}, inside, [inside]])
        assert CANARY not in json.dumps(blanked(around))


@EVERY_SECRET
@pytest.mark.parametrize("empty", ["", None], ids=["empty", "null"])
def test_the_very_same_bytes_come_back_when_nothing_was_secret(
    place: Place, empty: str | None
) -> None:
    value: Any = {"a": empty} if place.is_map and not place.is_dropped else empty
    if place.is_dropped:
        value = None
    text = json.dumps(nested(place.members, value), indent=1).encode()
    assert nomad_json.blank_nomad_payload_text(text) is text


def test_what_is_written_anew_keeps_order_and_numbers() -> None:
    text = b'{"Node": {"Z": 1.50, "SecretID": "x", "A": [-0, 1e+3], "B": "\\u0041"}}'
    after = nomad_json.blank_nomad_payload_text(text)
    assert after == b'{"Node":{"Z":1.50,"SecretID":"","A":[-0,1e+3],"B":"A"}}'


def test_words_like_a_secrets_name_are_left_alone() -> None:
    text = b'{"Node":{"Meta":{"SecretID":"mine","note":"SecretID"},"SecretID":""},"SecretID":"top"}'
    assert nomad_json.blank_nomad_payload_text(text) is text


def test_text_that_names_a_secret_and_is_no_json_is_refused() -> None:
    with pytest.raises(rt.JsonError):
        nomad_json.blank_nomad_payload_text(b'{"Node":{"SecretID":"x"}')


def test_a_payload_is_searched_where_something_is_set_and_nowhere_else() -> None:
    payload = NomadPayload()
    payload.job.id = "job-1"
    with c_calls() as calls:
        nomad_json.blank_nomad_payload(payload)
        rt.check_printable(payload)
    # a dozen kinds of objects could hold a secret, or what has no JSON: only the job is looked at
    assert calls.count("ListFields") == 4
    assert calls.count("HasField") == calls.count("ClearField") == 0  # and it is at hand
