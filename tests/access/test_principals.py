"""Whose a credential is, where tokens and policies come from, and how they are kept."""

from __future__ import annotations

import pytest

from tidings.access import stored
from tidings.access.principals import NOBODY, Directory, Policy, Token, check_policy_name
from tidings.access.rights import MANAGEMENT, Rights
from tidings.access.rules import parse_rules
from tidings.access.secret import hash_of, is_hash, new_secret, same_hash, spellings
from tidings.core.errors import BadRequest, Unauthenticated

RULES = 'puppet.jobs = "read"'


def token(name: str = "a", **fields: object) -> Token:
    return Token(**{"id": name, "name": name, "hash": hash_of(name), **fields})  # type: ignore[arg-type]


def policy(name: str = "p", rules: str = RULES) -> Policy:
    return Policy(name, "", rules, parse_rules(rules))


def reason(directory: Directory, credential: str, now_us: int = 0) -> str:
    with pytest.raises(Unauthenticated) as refused:
        directory.find(credential, now_us)
    assert credential not in str(refused.value).split()
    return refused.value.reason


def test_a_credential_is_its_tokens_or_nobodys() -> None:
    directory = Directory()
    directory.put_token(token("a", policies=("p", "gone")))
    directory.put_token(token("b", expires_at_us=10))
    directory.put_token(token("c", revoked_at_us=5, expires_at_us=1))
    directory.put_policy(policy())
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
    directory.put_policy(policy("anonymous"))
    assert directory.rights(NOBODY).may_read("puppet")
    directory.drop_policy("anonymous")
    assert not directory.rights(NOBODY).may_read("puppet")


def test_the_file_wins_and_can_be_replaced() -> None:
    directory = Directory()
    directory.put_token(token("a", created_at_us=2))
    directory.put_policy(policy())
    directory.set_file([token("f", management=True)], [policy("p", ""), policy("q")])
    assert directory.rights(directory.find("f", 0)) is MANAGEMENT
    assert [one.id for one in directory.tokens()] == ["f", "a"]
    assert [one.name for one in directory.policies()] == ["p", "q"]
    assert directory.is_in_file("p")
    assert directory.is_in_file(token("f"))
    assert not directory.is_in_file(token("a"))
    given = directory.policy("p")
    assert given is not None
    assert given.rules == ""
    directory.set_file([], [])
    assert reason(directory, "f") == "unknown"
    given = directory.policy("p")
    assert given is not None
    assert given.rules == RULES


def test_a_dropped_token_is_unknown_and_a_replaced_one_is_the_new_one() -> None:
    directory = Directory()
    directory.put_token(token("a"))
    directory.put_token(token("a", hash=hash_of("other")))
    assert reason(directory, "a") == "unknown"
    assert directory.find("other", 0).id == "a"
    directory.drop_token("a")
    directory.drop_token("a")
    assert reason(directory, "other") == "unknown"
    assert directory.token("a") is None


def test_a_stored_token_does_not_take_the_files_credential() -> None:
    directory = Directory()
    directory.set_file([token("f", management=True)], [])
    directory.put_token(token("x", hash=hash_of("f")))
    assert directory.find("f", 0).management
    directory.drop_token("x")
    assert directory.find("f", 0).management


def test_tokens_and_policies_survive_being_stored() -> None:
    full = token("a", policies=("p",), created_at_us=1, expires_at_us=2, revoked_at_us=3)
    assert stored.parse_token(stored.render_token(full)) == full
    assert stored.parse_policy(stored.render_policy(policy())) == policy()


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b'{"policies":[]}', b"1", b'{"rules":1}'])
def test_what_cannot_be_read_counts_as_nothing(value: bytes) -> None:
    assert stored.parse_token(value) is None
    assert stored.parse_policy(value) is None


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
