"""Whose a credential is, where tokens and policies come from, and how they are kept."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tidings.access import stored
from tidings.access.directory import MAX_KNOWN_RIGHTS, Directory
from tidings.access.policy_file import PolicyFile
from tidings.access.principals import (
    KEPT_ENDED_US,
    NOBODY,
    Policy,
    Principal,
    Role,
    Token,
    check_policy_name,
)
from tidings.access.rights import MANAGEMENT, Rights
from tidings.access.rules import parse_rules
from tidings.access.secret import hash_of, is_hash, new_secret, same_hash, spellings
from tidings.core.errors import BadRequest, Unauthenticated

RULES = 'puppet.jobs = "read"'


def token(name: str = "a", **fields: object) -> Token:
    return Token(**{"id": name, "name": name, "hash": hash_of(name), **fields})  # type: ignore[arg-type]


def policy(name: str = "p", rules: str = RULES) -> Policy:
    return Policy(name, "", rules, parse_rules(rules))


def put(directory: Directory, *things: Token | Policy | Role) -> None:
    for thing in things:
        if isinstance(thing, Token):
            directory.tokens.put(thing.id, thing)
        elif isinstance(thing, Policy):
            directory.policies.put(thing.name, thing)
        else:
            directory.roles.put(thing.name, thing)


def file_of(*tokens: Token, policies: tuple[Policy, ...] = ()) -> PolicyFile:
    return PolicyFile({one.id: one for one in tokens}, {one.name: one for one in policies})


def reason(directory: Directory, credential: str, now_us: int = 0) -> str:
    with pytest.raises(Unauthenticated) as refused:
        directory.find(credential, now_us)
    assert credential not in str(refused.value).split()
    return refused.value.reason


def test_a_credential_is_its_tokens_or_nobodys() -> None:
    directory = Directory()
    put(directory, token("a", policies=("p", "gone")))
    put(directory, token("b", expires_at_us=10))
    put(directory, token("c", revoked_at_us=5, expires_at_us=1))
    put(directory, policy())
    found = directory.find("a", 0)
    assert (found.id, found.policies) == ("a", ("p", "gone"))
    assert directory.rights(found).may_read("puppet")
    assert directory.rights(found) is directory.rights(found)
    assert directory.find("b", 9).expires_at_us == 10
    assert reason(directory, "b", 10) == "expired"
    assert reason(directory, "c") == "revoked"
    assert reason(directory, "d") == "unknown"
    assert directory.find("", 0) is NOBODY
    assert directory.rights(NOBODY) == Rights()


def test_the_policy_named_anonymous_is_everybodys() -> None:
    directory = Directory()
    put(directory, policy("anonymous"))
    assert directory.rights(NOBODY).may_read("puppet")
    directory.policies.drop("anonymous")
    assert not directory.rights(NOBODY).may_read("puppet")


def test_the_file_wins_and_can_be_replaced() -> None:
    directory = Directory()
    put(directory, token("a", created_at_us=2))
    put(directory, policy())
    directory.set_file(
        file_of(token("f", management=True), policies=(policy("p", ""), policy("q")))
    )
    assert directory.rights(directory.find("f", 0)) is MANAGEMENT
    assert [one.id for one in directory.tokens] == ["a", "f"]
    assert [one.name for one in directory.policies] == ["p", "q"]
    assert directory.policies.is_of_file("p")
    assert directory.tokens.is_of_file("f")
    assert not directory.tokens.is_of_file("a")
    given = directory.policies.get("p")
    assert given is not None
    assert given.rules == ""
    directory.set_file(PolicyFile())
    assert reason(directory, "f") == "unknown"
    given = directory.policies.get("p")
    assert given is not None
    assert given.rules == RULES


def test_a_dropped_token_is_unknown_and_a_replaced_one_is_the_new_one() -> None:
    directory = Directory()
    put(directory, token("a"))
    put(directory, token("a", hash=hash_of("other")))
    assert reason(directory, "a") == "unknown"
    assert directory.find("other", 0).id == "a"
    directory.tokens.drop("a")
    directory.tokens.drop("a")
    assert reason(directory, "other") == "unknown"
    assert directory.tokens.get("a") is None


def test_a_stored_token_does_not_take_the_files_credential() -> None:
    directory = Directory()
    directory.set_file(file_of(token("f", management=True)))
    put(directory, token("x", hash=hash_of("f")))
    assert directory.find("f", 0).management
    directory.tokens.drop("x")
    assert directory.find("f", 0).management


def test_tokens_policies_and_roles_survive_being_stored() -> None:
    full = token("a", policies=("p",), roles=("r",), created_at_us=1, expires_at_us=2)
    full = replace(full, revoked_at_us=3)
    assert stored.parse_token(stored.render_token(full)) == full
    role = Role("r", "two", ("p", "q"))
    assert stored.parse_role(stored.render_role(role)) == role
    assert stored.parse_policy(stored.render_policy(policy())) == policy()


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b'{"policies":[]}', b"1", b'{"rules":1}'])
def test_what_cannot_be_read_counts_as_nothing(value: bytes) -> None:
    assert stored.parse_token(value) is None
    assert stored.parse_policy(value) is None
    assert stored.parse_role(value) is None


def test_a_token_stored_before_there_were_roles_has_none() -> None:
    old = json.loads(stored.render_token(token("a", policies=("p",))))
    del old["roles"]
    assert stored.parse_token(json.dumps(old).encode()) == token("a", policies=("p",))


def test_a_role_gives_what_its_policies_give() -> None:
    directory = Directory()
    put(directory, token("a", roles=("r", "gone")), policy(), Role("r", "", ("p", "gone")))
    found = directory.find("a", 0)
    assert (found.policies, found.roles) == ((), ("r", "gone"))
    assert directory.rights(found).may_read("puppet")
    put(directory, Role("r", "", ()))
    assert directory.rights(found) == Rights()
    put(directory, Role("r", "", ("p",)))
    directory.policies.drop("p")
    assert directory.rights(found) == Rights()
    directory.roles.drop("r")
    put(directory, policy())
    assert directory.rights(found) == Rights()


def test_rights_are_not_remembered_without_end() -> None:
    directory = Directory()
    put(directory, policy())
    for number in range(MAX_KNOWN_RIGHTS + 1):
        principal = Principal(str(number), "", policies=("p",))
        assert directory.rights(principal).may_read("puppet")
    again = Principal("0", "", policies=("p",))
    assert directory.rights(again) is not None
    assert len(directory._rights) <= MAX_KNOWN_RIGHTS  # noqa: SLF001


@pytest.mark.parametrize(
    ("fields", "ended_at_us"),
    [
        ({}, None),
        ({"expires_at_us": 7}, 7),
        ({"revoked_at_us": 5}, 5),
        ({"revoked_at_us": 5, "expires_at_us": 7}, 5),
    ],
)
def test_a_token_can_be_forgotten_long_after_its_end(
    fields: dict[str, int], ended_at_us: int | None
) -> None:
    one = token("a", **fields)
    if ended_at_us is None:
        assert not one.can_be_forgotten(2**62)
        return
    assert not one.can_be_forgotten(ended_at_us + KEPT_ENDED_US - 1)
    assert one.can_be_forgotten(ended_at_us + KEPT_ENDED_US)


def test_a_stored_policy_with_rules_of_another_version_gives_nothing() -> None:
    value = b'{"name":"p","description":"","rules":"new = 1"}'
    assert stored.parse_policy(value) is None


def test_a_secret_is_kept_as_its_hash() -> None:
    secret = new_secret(bytes(range(32)))
    assert secret == bytes(range(32)).hex()
    assert is_hash(hash_of(secret))
    assert not is_hash(secret)
    assert secret not in hash_of(secret)
    assert same_hash(hash_of(secret), hash_of(secret))
    assert not same_hash(hash_of(secret), hash_of("other"))


def test_a_secret_has_five_spellings() -> None:
    assert list(spellings("ci", "s").values()) == ["s", "s", "ci:s", "s", "apikey:s"]


def test_a_policys_name_is_short_and_plain() -> None:
    check_policy_name("a-Z9", "name")
    with pytest.raises(BadRequest, match="name: must be"):
        check_policy_name("a_b", "name")
